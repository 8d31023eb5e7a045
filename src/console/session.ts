import type { IncomingHttpHeaders } from 'node:http';
import { z } from 'zod';
import type { KeyRing, SealedPlace } from '../domain/key-ring.ts';

/** A working day; a session is never renewed, so that a stolen cookie is worth no more than that. */
const sessionSeconds = 12 * 60 * 60;
const sealedPlace: SealedPlace = { column: 'console.session', tenantId: '', row: '' };
const sessionShape = z.object({ keyHash: z.base64(), untilMs: z.int() });

/** Only a script of our own origin can set it: another one would have to ask first, and is never allowed to. */
const proofHeader = 'x-waypost-console';

export interface ConsoleSessions {
  /** The `Set-Cookie` of a session that stands for the key of this hash. */
  start(keyHash: Buffer): string;
  /** The `Set-Cookie` that makes the browser forget. */
  end(): string;
  /** The hash of the key that the request's session stands for; null = none, ended, or no call of the console itself. */
  read(headers: IncomingHttpHeaders): Buffer | null;
}

/**
 * Sessions of the console without a row: the cookie holds the key's hash and its end, sealed with the key ring. A call by
 * session is checked like one with the key itself, so a deleted or expired key ends its sessions at once.
 * Over https the cookie's `__Host-` prefix keeps other hosts of the domain from planting one.
 */
export function createConsoleSessions(dependencies: {
  readonly keyRing: KeyRing;
  readonly clock: () => Date;
  readonly publicUrl: string;
}): ConsoleSessions {
  const { keyRing, clock } = dependencies;
  const isSecure = dependencies.publicUrl.startsWith('https://');
  const name = isSecure ? '__Host-waypost-console' : 'waypost-console';
  const setCookie = (value: string, maxAgeSeconds: number) =>
    `${name}=${value}; Path=/; Max-Age=${maxAgeSeconds}; HttpOnly; SameSite=Strict${isSecure ? '; Secure' : ''}`;

  function open(cookie: string): Buffer | null {
    try {
      const text = keyRing.openText(decodeURIComponent(cookie), sealedPlace);
      const { keyHash, untilMs } = sessionShape.parse(JSON.parse(text));
      return clock().getTime() < untilMs ? Buffer.from(keyHash, 'base64') : null;
    } catch {
      // Changed, of an older form, or sealed with a key that has left the ring.
      return null;
    }
  }

  return {
    start(keyHash) {
      const untilMs = clock().getTime() + sessionSeconds * 1_000;
      const sealed = keyRing.sealText(JSON.stringify({ keyHash: keyHash.toString('base64'), untilMs }), sealedPlace);
      return setCookie(encodeURIComponent(sealed), sessionSeconds);
    },
    end: () => setCookie('', 0),
    read(headers) {
      const site = headers['sec-fetch-site'];
      if (headers[proofHeader] === undefined || (site !== undefined && site !== 'same-origin')) return null;
      const cookie = (headers.cookie ?? '').split(/; */).find((each) => each.startsWith(`${name}=`));
      return cookie === undefined ? null : open(cookie.slice(name.length + 1));
    },
  };
}
