import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { isInNetwork, isMetadataAddress, isPublicAddress } from './address-ranges.ts';
import type { Network } from './address-ranges.ts';
import { blockedPorts } from './blocked-ports.ts';

const maxUrlLength = 2048;

export type UrlVerdict = { readonly ok: true; readonly url: URL } | { readonly ok: false; readonly reason: string };

export interface UrlGuard {
  /**
   * Judges a URL by its text: scheme, user info, port, and hosts that are addresses in any notation. A host that is a
   * name passes here and is judged by `isAddressAllowed` for every address that it resolves to. Refusals are sentences
   * that hold nothing secret.
   */
  checkUrl(url: string): UrlVerdict;
  /** Whether a connection to this address (IPv4 or IPv6 text) may be opened; what cannot be read may not. */
  isAddressAllowed(address: string): boolean;
}

/**
 * The rule for every URL that a tenant gives: https only and public addresses only. `allowHttp` admits http;
 * `allowNetworks` (CIDRs) opens ranges for development, never a cloud's metadata addresses. Throws on an unreadable CIDR.
 */
export function createUrlGuard(options: {
  readonly allowHttp: boolean;
  readonly allowNetworks: readonly string[];
}): UrlGuard {
  const openNetworks = options.allowNetworks.map(parseNetwork);
  const schemes = options.allowHttp ? ['https:', 'http:'] : ['https:'];

  function isAddressAllowed(text: string): boolean {
    if (isIP(text) === 0) return false;
    const address = ipaddr.parse(text);
    if (isMetadataAddress(address)) return false;
    // A mapped address is dialled as IPv4, so that the networks opened for IPv4 hold for it.
    const plain = ipaddr.process(text);
    return (
      openNetworks.some((each) => isInNetwork(address, each) || isInNetwork(plain, each)) || isPublicAddress(plain)
    );
  }

  function checkUrl(text: string): UrlVerdict {
    if (text.length > maxUrlLength) return refuse(`The URL is longer than ${maxUrlLength} characters.`);
    const url = parseUrl(text);
    if (url === null) return refuse('The URL cannot be read as an absolute URL.');
    if (!schemes.includes(url.protocol))
      return refuse(`The URL must use ${options.allowHttp ? 'https or http' : 'https'}.`);
    if (url.username !== '' || url.password !== '') return refuse('The URL must not hold a user name or a password.');
    if (url.port !== '' && blockedPorts.has(Number(url.port))) {
      return refuse(`Port ${url.port} belongs to another protocol than HTTP.`);
    }
    if (url.hostname.endsWith('.')) return refuse('The host of the URL must not end with a dot.');
    const named = addressesOfHost(url.hostname);
    return named.length === 0 || named.some(isAddressAllowed)
      ? { ok: true, url }
      : refuse('The host of the URL is a private, local or otherwise special address.');
  }

  return { checkUrl, isAddressAllowed };
}

/** The addresses that a URL's host or a bare address names without a resolver; empty for an ordinary name. */
export function addressesOfHost(hostname: string): readonly string[] {
  if (hostname.startsWith('[')) return [hostname.slice(1, -1)];
  if (isIP(hostname) !== 0) return [hostname];
  // RFC 6761 §6.3: always the machine itself, whatever a resolver says.
  return hostname === 'localhost' || hostname.endsWith('.localhost') ? ['127.0.0.1', '::1'] : [];
}

function parseUrl(text: string): URL | null {
  try {
    return new URL(text);
  } catch {
    return null; // the parser's own message says no more than this
  }
}

function parseNetwork(text: string): Network {
  if (/^(\d+\.){3}\d+\/\d+$|:.*\/\d+$/.test(text) && ipaddr.isValidCIDR(text)) return ipaddr.parseCIDR(text);
  throw new Error(`"${text}" is not a network in CIDR notation, such as 10.0.0.0/8 or fd00::/8.`);
}

function refuse(reason: string): UrlVerdict {
  return { ok: false, reason };
}
