import { beforeEach, describe, expect, it } from 'vitest';
import { createTokenKeeper, type TokenAnswer } from '../../../../src/upstreams/access-tokens/token-keeper.ts';

let now: number;
let asked: number;
let keep: ReturnType<typeof createTokenKeeper<string>>;
let answer: () => TokenAnswer<string>;

beforeEach(() => {
  now = 1_000_000;
  asked = 0;
  keep = createTokenKeeper({ nowMs: () => now });
  answer = () => ({ ok: true, accessToken: `token-${asked}`, lifeMs: 3_600_000 });
});

const get = (key = 'a', stale: string | null = null) =>
  keep(key, stale, async () => {
    asked += 1;
    return answer();
  });
const token = async (...args: Parameters<typeof get>) => {
  const authorised = await get(...args);
  return authorised.ok ? authorised.accessToken : authorised.refusal;
};
const away = () => ({ ok: false, refusal: 'away' }) as const;

describe('an access token', () => {
  it('is fetched once for all who ask together, and for each key by itself', async () => {
    expect(new Set(await Promise.all([token(), token(), token()]))).toEqual(new Set(['token-1']));
    expect([await token(), await token('b')]).toEqual(['token-1', 'token-2']);
  });

  it.each([
    ['five minutes before the end of a long life', 3_600_000, 300_000],
    ['a fifth before the end of a short one', 60_000, 12_000],
  ])('is renewed %s', async (_when, lifeMs, beforeMs) => {
    answer = () => ({ ok: true, accessToken: `token-${asked}`, lifeMs });
    await get();
    now += lifeMs - beforeMs - 1;
    expect(await token()).toBe('token-1');
    now += 1;
    expect(await token()).toBe('token-2');
  });

  it('that was refused is renewed once, for all whom it was refused', async () => {
    await get();
    expect(await Promise.all([token('a', 'token-1'), token('a', 'token-1')])).toEqual(['token-2', 'token-2']);
    expect([await token('a', 'token-1'), await token(), asked]).toEqual(['token-2', 'token-2', 2]);
  });

  it('serves until its end where it cannot be renewed, and is asked for again every ten seconds', async () => {
    await get();
    answer = away;
    now += 3_600_000 - 300_000;
    expect([await token(), await token(), asked]).toEqual(['token-1', 'token-1', 2]);
    now += 10_000;
    expect([await token(), asked]).toEqual(['token-1', 3]);
    now += 290_000;
    expect(await token()).toBe('away');
  });

  it('that was refused serves nobody, also where there is no other', async () => {
    await get();
    answer = away;
    expect([await token('a', 'token-1'), await token()]).toEqual(['away', 'away']);
  });
});
