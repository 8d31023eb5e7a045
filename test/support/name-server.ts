import { createSocket } from 'node:dgram';

const typeA = 1;
const headerBytes = 12;

export interface NameServer {
  readonly address: string;
  /** `name TYPE` of every question, in order. */
  readonly asked: readonly string[];
  close(): Promise<void>;
}

/** A name server on loopback. It never answers for names that begin with "dead", and knows no others than these. */
export async function startNameServer(
  records: Readonly<Record<string, { readonly address: string; readonly ttlSeconds: number }>>,
): Promise<NameServer> {
  const asked: string[] = [];
  const socket = createSocket('udp4');
  socket.on('message', (query, from) => {
    const labels: string[] = [];
    let at = headerBytes;
    for (let length = query.readUInt8(at); length > 0; length = query.readUInt8(at)) {
      labels.push(query.toString('latin1', at + 1, at + 1 + length));
      at += 1 + length;
    }
    const name = labels.join('.').toLowerCase();
    const isIpv4 = query.readUInt16BE(at + 1) === typeA;
    asked.push(`${name} ${isIpv4 ? 'A' : 'AAAA'}`);
    if (name.startsWith('dead')) return;
    const record = records[name];
    const hasAnswer = record !== undefined && isIpv4;
    const header = Buffer.alloc(headerBytes);
    header.writeUInt16BE(query.readUInt16BE(0), 0);
    header.writeUInt16BE(record === undefined ? 0x81_83 : 0x81_80, 2);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(hasAnswer ? 1 : 0, 6);
    const question = query.subarray(headerBytes, at + 5);
    socket.send(
      Buffer.concat([header, question, ...(hasAnswer ? [writeAnswer(record)] : [])]),
      from.port,
      from.address,
    );
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${socket.address().port}`,
    asked,
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

function writeAnswer({ address, ttlSeconds }: { readonly address: string; readonly ttlSeconds: number }): Buffer {
  const answer = Buffer.alloc(16);
  answer.writeUInt16BE(0xc0_0c, 0); // the name of the question
  answer.writeUInt16BE(typeA, 2);
  answer.writeUInt16BE(1, 4);
  answer.writeUInt32BE(ttlSeconds, 6);
  answer.writeUInt16BE(4, 10);
  answer.set(address.split('.').map(Number), 12);
  return answer;
}
