import { connect as connectTcp, isIP } from 'node:net';
import type { LookupFunction, Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { buildConnector } from 'undici';
import { NetworkError, codeOf } from './network-error.ts';
import type { ResolveHost } from './resolve-host.ts';

// Long enough for a far continent; Node's own 250 ms gives up on healthy hosts that have several addresses.
const addressAttemptTimeoutMs = 1000;
const keepAliveProbeMs = 60_000;

const unreachableCodes: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'EADDRNOTAVAIL',
  'ETIMEDOUT',
]);
const resetCodes: ReadonlySet<string> = new Set(['ECONNRESET', 'ECONNABORTED', 'EPIPE']);

/**
 * Opens connections for the HTTP client: resolves the host, then dials the vetted addresses themselves, so that no second
 * look-up can answer otherwise. Gives up `connectTimeoutMs` after the look-up, TLS handshake included.
 * Every failure is a `NetworkError`: nothing of a request has been written yet.
 */
export function createDialer(dependencies: {
  readonly resolveHost: ResolveHost;
  readonly tenantId: string;
  readonly connectTimeoutMs: number;
}): buildConnector.connector {
  async function dial(target: buildConnector.Options, callback: buildConnector.Callback): Promise<void> {
    let socket: Socket;
    try {
      const addresses = await dependencies.resolveHost(target.hostname, dependencies.tenantId);
      socket = await openSocket(target, addresses, dependencies.connectTimeoutMs);
    } catch (error) {
      const unknown = new NetworkError(
        'connection_refused',
        `The connection to ${target.hostname} could not be opened.`,
      );
      return callback(error instanceof Error ? error : unknown, null);
    }
    callback(null, socket);
  }
  return (target, callback) => void dial(target, callback);
}

function openSocket(
  target: buildConnector.Options,
  addresses: readonly string[],
  connectTimeoutMs: number,
): Promise<Socket> {
  const { hostname } = target;
  const isSecure = target.protocol === 'https:';
  const lookup: LookupFunction = (_hostname, _options, done) =>
    done(
      null,
      addresses.map((address) => ({ address, family: isIP(address) })),
    );
  const options = {
    // A host that is an address is dialled without a look-up; it is the very one that was vetted.
    host: isIP(hostname) === 0 ? hostname : (addresses[0] ?? hostname),
    port: Number(target.port) || (isSecure ? 443 : 80),
    lookup,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: addressAttemptTimeoutMs,
  };
  return new Promise((resolve, reject) => {
    const socket = isSecure
      ? connectTls({
          ...options,
          ALPNProtocols: ['http/1.1'],
          ...(isIP(hostname) === 0 ? { servername: hostname } : {}),
        })
      : connectTcp(options);
    let isReached = false;
    const timer = setTimeout(() => {
      const detail = `The connection to ${hostname} was not open within ${connectTimeoutMs} ms (connect time-out).`;
      socket.destroy();
      reject(new NetworkError('connection_refused', detail));
    }, connectTimeoutMs);
    socket.setNoDelay(true);
    socket.setKeepAlive(true, keepAliveProbeMs);
    socket.once('connect', () => {
      isReached = true;
    });
    socket.once(isSecure ? 'secureConnect' : 'connect', () => {
      clearTimeout(timer);
      resolve(socket);
    });
    // Stays for the life of the socket: an error between connecting and the first request must not end the process.
    socket.on('error', (error: Error) => {
      clearTimeout(timer);
      reject(explainFailure(error, hostname, isReached));
    });
  });
}

function explainFailure(error: Error, hostname: string, isReached: boolean): NetworkError {
  const code = codeOf(error);
  if (resetCodes.has(code)) {
    return new NetworkError('reset_before_body', `${hostname} closed the connection before the request (${code}).`);
  }
  return isReached && !unreachableCodes.has(code)
    ? new NetworkError('tls', `The TLS handshake with ${hostname} failed (${code}).`)
    : new NetworkError('connection_refused', `The connection to ${hostname} could not be opened (${code}).`);
}
