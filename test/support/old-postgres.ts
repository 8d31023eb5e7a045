import { startRawServer } from './raw-server.ts';

const typeOidText = 25;
const queryType = 'Q'.charCodeAt(0);

/** A server that speaks just enough of Postgres' protocol to take settings and say which version it is. */
export async function startOldPostgres(versionNumber: string, version: string) {
  const columns = { server_version_num: versionNumber, server_version: version };
  const server = await startRawServer((socket) => {
    let hasStarted = false;
    socket.on('data', (chunk) => {
      if (!hasStarted) {
        hasStarted = true;
        socket.write(Buffer.concat([authenticated, ready]));
        return;
      }
      const rows = [describeRow(Object.keys(columns)), sendRow(Object.values(columns))];
      const answer = chunk.includes('current_setting') ? rows : [];
      if (chunk.at(0) === queryType) socket.write(Buffer.concat([...answer, complete, ready]));
    });
  });
  return { url: `postgres://waypost:secret@127.0.0.1:${server.port}/waypost`, close: () => server.close() };
}

/** A message: its type, its length with the length's own four bytes, its body. Source: postgresql.org, "Message Formats" */
function message(type: string, body: Buffer): Buffer {
  return Buffer.concat([Buffer.from(type), int32(body.length + 4), body]);
}

const authenticated = message('R', int32(0));
const ready = message('Z', Buffer.from('I'));
const complete = message('C', Buffer.from('SELECT 1\0'));

function describeRow(names: readonly string[]): Buffer {
  const fields = names.map((name) =>
    Buffer.concat([Buffer.from(`${name}\0`), int32(0), int16(0), int32(typeOidText), int16(-1), int32(-1), int16(0)]),
  );
  return message('T', Buffer.concat([int16(names.length), ...fields]));
}

function sendRow(values: readonly string[]): Buffer {
  const cells = values.map((value) => Buffer.concat([int32(value.length), Buffer.from(value)]));
  return message('D', Buffer.concat([int16(values.length), ...cells]));
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}
