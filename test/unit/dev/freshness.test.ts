import { describe, expect, it } from 'vitest';
import { matchesLock } from '../../../dev/freshness.mjs';

const lock = {
  packages: {
    '': { version: '0.1.0' },
    'node_modules/pg': { version: '8.23.1', integrity: 'sha512-a' },
    'node_modules/only-on-mac': { version: '1.0.0', integrity: 'sha512-b', optional: true },
  },
};
const pg = { version: '8.23.1', integrity: 'sha512-a' };

describe('matchesLock', () => {
  it('accepts an install without the packages of other platforms', () => {
    expect(matchesLock({ packages: { 'node_modules/pg': pg } }, lock)).toBe(true);
  });

  it('rejects a package that is missing, of another version, or of other content', () => {
    expect(matchesLock({ packages: {} }, lock)).toBe(false);
    expect(matchesLock({ packages: { 'node_modules/pg': { ...pg, version: '8.0.0' } } }, lock)).toBe(false);
    expect(matchesLock({ packages: { 'node_modules/pg': { ...pg, integrity: 'sha512-c' } } }, lock)).toBe(false);
  });

  it('rejects a package that the lock does not know', () => {
    expect(matchesLock({ packages: { 'node_modules/pg': pg, 'node_modules/left-pad': pg } }, lock)).toBe(false);
  });
});
