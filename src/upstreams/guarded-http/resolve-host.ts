import { lookup } from 'node:dns/promises';
import { NetworkError, codeOf } from './network-error.ts';
import { addressesOfHost } from './url-guard.ts';
import type { UrlGuard } from './url-guard.ts';

/** All addresses of a name, as the system resolves it (hosts file and search domains included). */
export type ResolveName = (hostname: string) => Promise<readonly string[]>;

/** The addresses that may be dialled for a host, at least one; rejects with a `NetworkError` (`dns`, `url_not_allowed`). */
export type ResolveHost = (hostname: string) => Promise<readonly string[]>;

export const resolveBySystem: ResolveName = async (hostname) =>
  (await lookup(hostname, { all: true, verbatim: true })).map(({ address }) => address);

/**
 * Resolves a host afresh on every call and vets every address of it: one that is not allowed refuses the whole name,
 * because a name with mixed answers is how an inner address is smuggled past a check.
 */
export function createHostResolver(dependencies: {
  readonly guard: UrlGuard;
  readonly resolveName: ResolveName;
  readonly dnsTimeoutMs: number;
}): ResolveHost {
  const { guard, resolveName, dnsTimeoutMs } = dependencies;
  // Calls that overlap share one look-up: the system's resolver has four threads, and one dead name must not fill them.
  const running = new Map<string, Promise<readonly string[]>>();

  function resolveOnce(hostname: string): Promise<readonly string[]> {
    const shared = running.get(hostname);
    if (shared !== undefined) return shared;
    const started = resolveName(hostname).finally(() => running.delete(hostname));
    running.set(hostname, started);
    return started;
  }

  return async (hostname) => {
    const named = addressesOfHost(hostname);
    // Without a resolver nothing can be smuggled in: of `localhost`'s two addresses the allowed one will do.
    const addresses =
      named.length > 0
        ? named.filter((address) => guard.isAddressAllowed(address))
        : await withinTime(resolveOnce(hostname), hostname, dnsTimeoutMs);
    if (addresses.length === 0 || !addresses.every((address) => guard.isAddressAllowed(address))) {
      throw new NetworkError('url_not_allowed', `The host ${hostname} stands for an address that is not allowed.`);
    }
    return addresses;
  };
}

async function withinTime(
  lookingUp: Promise<readonly string[]>,
  hostname: string,
  dnsTimeoutMs: number,
): Promise<readonly string[]> {
  let timer: NodeJS.Timeout | undefined;
  const timedOut = new Promise<never>((_resolve, reject) => {
    const detail = `The host ${hostname} could not be resolved within ${dnsTimeoutMs} ms.`;
    timer = setTimeout(() => reject(new NetworkError('dns', detail)), dnsTimeoutMs);
  });
  try {
    const addresses = await Promise.race([lookingUp, timedOut]);
    if (addresses.length === 0) throw new NetworkError('dns', `The host ${hostname} has no address.`);
    return addresses;
  } catch (error) {
    if (error instanceof NetworkError) throw error;
    throw new NetworkError('dns', `The host ${hostname} could not be resolved (${codeOf(error)}).`);
  } finally {
    clearTimeout(timer);
  }
}
