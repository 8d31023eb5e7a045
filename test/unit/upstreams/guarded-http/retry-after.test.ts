import { describe, expect, it } from 'vitest';
import { parseRetryAfterMs } from '../../../../src/upstreams/guarded-http/retry-after.ts';

const nowMs = Date.parse('1994-11-06T08:49:07Z');
const dayMs = 86_400_000;

describe('Retry-After', () => {
  it.each([
    ['0', 0],
    ['120', 120_000],
    [' 7 ', 7000],
    ['86401', dayMs],
    ['9'.repeat(400), dayMs],
    ['Sun, 06 Nov 1994 08:49:37 GMT', 30_000],
    ['Sunday, 06-Nov-94 08:49:37 GMT', 30_000],
    ['Sun Nov  6 08:49:37 1994', 30_000],
    ['Sun, 06 Nov 1994 08:00:00 GMT', 0],
    ['Sun, 06 Nov 2094 08:49:37 GMT', dayMs],
  ])('reads "%s"', (value, expected) => {
    expect(parseRetryAfterMs(value, nowMs)).toBe(expected);
  });

  it.each([null, '', '-1', '1.5', '1e3', 'soon', '1994 GMT', '1994-11-06T08:49:37Z', 'Sun, 99 Nov 1994 08:49:37 GMT'])(
    'takes %j for absent',
    (value) => {
      expect(parseRetryAfterMs(value, nowMs)).toBeNull();
    },
  );
});
