import { describe, expect, it } from 'vitest';
import { listFiles, readText } from './source-files.ts';

const newestOfBaseline = '0008';
const migrations = listFiles('src/store/migrations').filter((path) => path.endsWith('.sql'));
const numberOf = (path: string): string => /(\d{4})_/.exec(path)?.[1] ?? '';
const headerOf = (path: string): string => /^(?:--.*\n)*/.exec(readText(path))?.[0] ?? '';

describe('a migration after the baseline', () => {
  // Two branches once took the same number: which of them came first was left to the rest of the name.
  it('each has a number of its own', () => {
    const numbers = migrations.map((path) => /\/(\d{4})_[^/]+$/.exec(path)?.[1]);
    expect(numbers).toEqual([...new Set(numbers)]);
  });

  it('says whether older processes run on with it', () => {
    const silent = migrations.filter(
      (path) =>
        numberOf(path) > newestOfBaseline && !/^-- (?:compatible from \d{4}|incompatible)$/m.test(headerOf(path)),
    );
    expect(silent, 'put "-- compatible from NNNN" or "-- incompatible" into the header').toEqual([]);
  });

  it('can be repeated from its beginning where it runs without a transaction', () => {
    const once = migrations.filter(
      (path) =>
        /^-- no-transaction$/m.test(headerOf(path)) &&
        /\b(?:create|drop)\s+(?:unique\s+)?index\s+(?:concurrently\s+)?(?!concurrently|if\s)/i.test(readText(path)),
    );
    expect(once, 'say "if not exists" or "if exists"').toEqual([]);
  });
});
