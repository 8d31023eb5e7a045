/** Every kind of id, by the prefix that it shows to the outside. */
export const idPrefixes = {
  tenant: 'ten',
  apiKey: 'key',
  channel: 'chn',
  message: 'msg',
  notification: 'ntf',
  inbound: 'inb',
  attempt: 'att',
  problem: 'prb',
  integration: 'int',
  webhook: 'whk',
  delivery: 'dlv',
  event: 'evt',
  inboxNotification: 'nfn',
  request: 'req',
  audit: 'aud',
  erasure: 'era',
  person: 'psn',
  notice: 'pnt',
  fault: 'flt',
} as const;
export type IdKind = keyof typeof idPrefixes;

export type CreateId = (kind: IdKind) => string;

// Crockford's base 32 without its look-alikes, lower case: sorts as the number that it stands for.
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';
const timeDigits = 10;
const randomDigits = 16;

/**
 * Makes `prefix_` + 26 characters: 48 bits of milliseconds, then 80 random bits, so that ids sort by time of making
 * (ULID's layout). Within one process ids of the same millisecond rise too.
 */
export function createIdSource(dependencies: {
  readonly nowMs: () => number;
  readonly randomBytes: (count: number) => Uint8Array;
}): CreateId {
  let lastMs = -1;
  let lastRandom: number[] = [];
  return (kind) => {
    const ms = Math.max(dependencies.nowMs(), lastMs);
    lastRandom = ms === lastMs ? increment(lastRandom) : [...dependencies.randomBytes(randomDigits)].map((b) => b & 31);
    lastMs = ms;
    return `${idPrefixes[kind]}_${encodeTime(ms)}${lastRandom.map((digit) => alphabet.charAt(digit)).join('')}`;
  };
}

export function isId(kind: IdKind, value: string): boolean {
  const prefix = `${idPrefixes[kind]}_`;
  return value.startsWith(prefix) && /^[0-9a-hjkmnp-tv-z]{26}$/.test(value.slice(prefix.length));
}

function encodeTime(ms: number): string {
  let rest = ms;
  let text = '';
  for (let digit = 0; digit < timeDigits; digit += 1) {
    text = alphabet.charAt(rest % 32) + text;
    rest = Math.floor(rest / 32);
  }
  return text;
}

function increment(digits: readonly number[]): number[] {
  const next = [...digits];
  for (let index = next.length - 1; index >= 0; index -= 1) {
    const digit = (next[index] ?? 0) + 1;
    next[index] = digit % 32;
    if (digit < 32) break;
  }
  return next;
}
