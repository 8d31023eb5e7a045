import { createServer } from 'node:net';
import { findFreePorts } from '../dev/server-process.ts';

const host = '127.0.0.1';
const defaultApiPort = 8_080;
const defaultMetricsPort = 9_464;
const maxTries = 50;

/** The API's port: the one asked for, else the first free one from 8080 on. Throws when the one asked for is taken. */
export async function chooseApiPort(asked: number | null, log: (line: string) => void): Promise<number> {
  if (asked !== null) {
    if (await isPortFree(asked)) return asked;
    throw new Error(`Port ${asked} is taken by another program: free it, or choose another one with --port.`);
  }
  for (let port = defaultApiPort; port < defaultApiPort + maxTries; port++) {
    if (!(await isPortFree(port))) continue;
    if (port !== defaultApiPort) log(`port ${defaultApiPort} is taken, the API takes ${port}`);
    return port;
  }
  throw new Error(
    `No port from ${defaultApiPort} to ${defaultApiPort + maxTries - 1} is free: choose one with --port.`,
  );
}

/** The worker's port for its health and metrics, which nobody has to know. */
export async function chooseMetricsPort(apiPort: number): Promise<number> {
  if (apiPort !== defaultMetricsPort && (await isPortFree(defaultMetricsPort))) return defaultMetricsPort;
  const [port = 0] = await findFreePorts(1);
  return port;
}

function isPortFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host }, () => server.close(() => resolve(true)));
  });
}
