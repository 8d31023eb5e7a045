import { Resolver } from 'node:dns/promises';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf } from './network-error.ts';
import type { ResolveName, ResolvedName } from './resolve-host.ts';

/** A name server that drops questions for IPv6 holds up a name that has an IPv4 address for no longer than this. */
const otherFamilyWaitMs = 300;
/** The system's own files are read again after so long. */
const rereadAfterMs = 5_000;
/** "No such name" and "no such record", as c-ares calls them: only then is a name of the search list worth a question. */
const absentCodes: ReadonlySet<string> = new Set(['ENOTFOUND', 'ENODATA']);

/**
 * Resolves names by the hosts file, and else by asking the name servers with c-ares, which waits on sockets. The system's
 * own resolver (`dns.lookup`) waits on libuv's four threads: a tenant with four names that nobody answers for took them all.
 * A name without a dot is looked for in the search domains first, one with a dot last. Each look-up ends within `timeoutMs`.
 */
export function createNameResolver(options: {
  readonly timeoutMs: number;
  /** Left out = those of `/etc/resolv.conf`. */
  readonly nameServers?: readonly string[];
  readonly hostsPath?: string;
  readonly configurationPath?: string;
}): ResolveName {
  const { timeoutMs, nameServers, hostsPath = '/etc/hosts', configurationPath = '/etc/resolv.conf' } = options;
  const readHosts = createFileReader(hostsPath, parseHosts);
  const readSearchDomains = createFileReader(configurationPath, parseSearchDomains);

  return async (hostname) => {
    const addresses = readHosts().get(hostname);
    if (addresses !== undefined) return { addresses, ttlMs: 0 };
    // One for each look-up: it can be given up by itself, and one name's silence teaches it nothing about another's.
    const resolver = new Resolver({ timeout: Math.ceil(timeoutMs / 3), tries: 2 });
    if (nameServers !== undefined) resolver.setServers(nameServers);
    const timer = setTimeout(() => resolver.cancel(), timeoutMs);
    try {
      const inDomains = readSearchDomains().map((domain) => `${hostname}.${domain}`);
      const names = hostname.includes('.') ? [hostname, ...inDomains] : [...inDomains, hostname];
      for (const name of names) {
        const resolved = await ask(resolver, name);
        if (resolved.addresses.length > 0) return resolved;
      }
      return { addresses: [], ttlMs: 0 };
    } finally {
      clearTimeout(timer);
      resolver.cancel();
    }
  };
}

/** No addresses = there is no such name, or it has none. */
async function ask(resolver: Resolver, name: string): Promise<ResolvedName> {
  const askingIpv6 = settle(resolver.resolve6(name, { ttl: true }));
  const ipv4 = await settle(resolver.resolve4(name, { ttl: true }));
  const nothing = { records: [], error: null };
  const ipv6 = await (ipv4.records.length === 0
    ? askingIpv6
    : Promise.race([askingIpv6, sleep(otherFamilyWaitMs, nothing, { ref: false })]));
  const records = [...ipv4.records, ...ipv6.records];
  const error = [ipv4.error, ipv6.error].find((each) => each !== null && !absentCodes.has(codeOf(each)));
  if (records.length === 0 && error !== undefined && error !== null) throw error;
  return {
    addresses: records.map(({ address }) => address),
    ttlMs: records.length === 0 ? 0 : Math.min(...records.map(({ ttl }) => ttl)) * 1_000,
  };
}

interface Settled {
  readonly records: readonly { readonly address: string; readonly ttl: number }[];
  readonly error: Error | null;
}

async function settle(asking: Promise<Settled['records']>): Promise<Settled> {
  try {
    return { records: await asking, error: null };
  } catch (error) {
    return { records: [], error: error instanceof Error ? error : new Error(String(error)) };
  }
}

/** Reads synchronously: these files are small, and the asynchronous way leads over the very threads that may be busy. */
function createFileReader<T>(path: string, parse: (text: string) => T): () => T {
  let last: { readonly atMs: number; readonly content: T } | null = null;
  return () => {
    const nowMs = performance.now();
    if (last === null || nowMs - last.atMs > rereadAfterMs) last = { atMs: nowMs, content: parse(readText(path)) };
    return last.content;
  };
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // a system without such a file names nothing in it
  }
}

function readWords(text: string): string[][] {
  return text.split('\n').map((line) => (line.split(/[#;]/, 1)[0] ?? '').trim().split(/\s+/));
}

function parseHosts(text: string): ReadonlyMap<string, readonly string[]> {
  const hosts = new Map<string, string[]>();
  for (const [address = '', ...names] of readWords(text)) {
    if (isIP(address) === 0) continue;
    for (const name of names) {
      const addresses = hosts.get(name.toLowerCase()) ?? [];
      hosts.set(name.toLowerCase(), addresses.includes(address) ? addresses : [...addresses, address]);
    }
  }
  return hosts;
}

/** The last of `search` and `domain` counts (resolv.conf(5)). */
function parseSearchDomains(text: string): readonly string[] {
  const lines = readWords(text).filter(([keyword]) => keyword === 'search' || keyword === 'domain');
  return (lines.at(-1)?.slice(1) ?? []).map((domain) => domain.replace(/\.$/, '')).filter((domain) => domain !== '');
}
