import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/**
 * Stands before a Postgres as a pooler does that is told to ignore start-up options: it passes on user and database and
 * nothing else. `urlOf` gives a database's URL through it.
 */
export async function startOptionDroppingPooler(serverUrl: string) {
  const server = new URL(serverUrl);
  const sockets = new Set<Socket>();
  const pooler = createServer((near) => {
    const far = connect(Number(server.port), server.hostname);
    for (const socket of [near, far]) sockets.add(socket.on('error', () => undefined));
    near.once('data', (startup) => {
      far.write(dropOptions(startup));
      near.pipe(far);
      far.pipe(near);
    });
    near.on('close', () => far.destroy());
    far.on('close', () => near.destroy());
  });
  await new Promise<void>((resolve) => {
    pooler.listen(0, '127.0.0.1', resolve);
  });
  const { port } = pooler.address() as AddressInfo; // it listens on TCP
  return {
    urlOf: (databaseUrl: string) => Object.assign(new URL(databaseUrl), { hostname: '127.0.0.1', port }).href,
    close() {
      for (const socket of sockets) socket.destroy();
      pooler.close();
    },
  };
}

/** A start-up message: its length, the protocol's version, names and values in turn. Source: postgresql.org, "Message Formats" */
function dropOptions(startup: Buffer): Buffer {
  const words = startup.toString('latin1', 8).split('\0');
  const kept = words.flatMap((name, index) =>
    index % 2 === 0 && ['user', 'database'].includes(name) ? [name, words[index + 1]] : [],
  );
  const body = Buffer.from(`${kept.join('\0')}\0\0`, 'latin1');
  const head = Buffer.from(startup.subarray(0, 8));
  head.writeInt32BE(head.length + body.length);
  return Buffer.concat([head, body]);
}
