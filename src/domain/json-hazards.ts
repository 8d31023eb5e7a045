import type { ProblemPart } from './problems/problem.ts';

/** Deeper than any card or payload of the formats we carry, and far from exhausting a stack. */
const maxDepth = 64;

/**
 * Finds what well-formed JSON may hold and we may not: nesting deeper than 64, names that reach prototypes, and NUL or
 * lone surrogates, which Postgres does not store; with `hasExactNumbers` also numbers that we would not keep as they were
 * written. Null = nothing found. Walks without recursion.
 */
export function findJsonHazard(root: unknown, { hasExactNumbers = false } = {}): ProblemPart | null {
  // Most members of a big body are plain texts and numbers: judged in place, they cost no pointer.
  const isHarmless = (value: unknown): boolean =>
    typeof value === 'string'
      ? isStorableText(value)
      : typeof value === 'number'
        ? !hasExactNumbers || isKeptAsWritten(value)
        : typeof value !== 'object';
  const pending: { value: unknown; pointer: string; depth: number }[] = [{ value: root, pointer: '', depth: 0 }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { value, pointer, depth } = next;
    if (typeof value === 'string' && !isStorableText(value)) {
      return { detail: 'The text holds a NUL or half a surrogate pair.', pointer };
    }
    if (typeof value === 'number' && hasExactNumbers && !isKeptAsWritten(value)) {
      return { detail: 'The number is too large to be kept exactly: write it as a string.', pointer };
    }
    if (typeof value !== 'object' || value === null) continue;
    if (depth >= maxDepth) return { detail: `The body is nested deeper than ${maxDepth} levels.`, pointer };
    for (const [key, member] of Object.entries(value)) {
      if (!isStorableText(key))
        return { detail: 'The name of a member holds a NUL or half a surrogate pair.', pointer };
      if (reachesPrototype(key, member)) return { detail: 'The name of a member is not allowed.', pointer };
      if (isHarmless(member)) continue;
      pending.push({ value: member, pointer: `${pointer}/${escapePointerToken(key)}`, depth: depth + 1 });
    }
  }
  return null;
}

/** Deep enough for an item of a callback to be found too deep. */
const mendedDepth = maxDepth + 12;

/**
 * The same value as Postgres can store it: NUL and half surrogate pairs become U+FFFD, and what is nested deeper than anybody
 * reads becomes a text. For what comes from upstreams, which would not send it again in another way.
 */
export function mendJson(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return mendText(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth > mendedDepth) return '(nested too deeply to be kept)';
  if (Array.isArray(value)) return value.map((member) => mendJson(member, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [mendText(name), mendJson(member, depth + 1)]),
  );
}

function mendText(text: string): string {
  return isStorableText(text) ? text : text.replaceAll('\0', '\uFFFD').replaceAll(halfSurrogatePairs, '\uFFFD');
}

/** One reference token of a JSON pointer (RFC 6901 §3). */
export function escapePointerToken(token: string): string {
  return token.replaceAll('~', '~0').replaceAll('/', '~1');
}

const halfSurrogatePair = /\p{Surrogate}/u;
const halfSurrogatePairs = /\p{Surrogate}/gu;

/** Whether Postgres can store the text. */
export function isStorableText(text: string): boolean {
  return !text.includes('\0') && !halfSurrogatePair.test(text);
}

/** An integer beyond 2^53 may have been another one, and 1e400 was read as infinite. */
function isKeptAsWritten(value: number): boolean {
  return Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value));
}

function reachesPrototype(key: string, member: unknown): boolean {
  if (key === '__proto__') return true;
  return key === 'constructor' && typeof member === 'object' && member !== null && Object.hasOwn(member, 'prototype');
}
