import { isDeepStrictEqual } from 'node:util';

export interface Expectations {
  readonly differences: readonly string[];
  /** Notes a difference unless the two are deeply equal. */
  same(what: string, actual: unknown, expected: unknown): void;
}

/** Collects what went otherwise than scripted, so that one run shows all of it. */
export function createExpectations(): Expectations {
  const differences: string[] = [];
  return {
    differences,
    same(what, actual, expected) {
      if (isDeepStrictEqual(actual, expected)) return;
      differences.push(`${what}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`);
    },
  };
}
