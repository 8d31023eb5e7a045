import { describe, expect, it } from 'vitest';
import { createDirectoryCache } from '../../../../src/activities/notification/directory-cache.ts';
import type { MerchantAnswer } from '../../../../src/upstreams/directory/directory-client.ts';

const answerOf = (bytes: number): MerchantAnswer => ({ kind: 'known', users: [], dropped: 0, bytes });

describe("the directory's cache", () => {
  it('forgets an answer after its time', () => {
    let nowMs = 0;
    const cache = createDirectoryCache({ nowMs: () => nowMs, keepForMs: 1_000 });
    cache.put('m1', answerOf(1));
    nowMs = 999;
    expect(cache.get('m1')).toEqual(answerOf(1));
    nowMs = 1_000;
    expect(cache.get('m1')).toBeNull();
  });

  it('forgets one sooner that is good for less', () => {
    let nowMs = 0;
    const cache = createDirectoryCache({ nowMs: () => nowMs, keepForMs: 1_000 });
    cache.put('m1', answerOf(1), 100);
    cache.put('m2', answerOf(2), undefined);
    nowMs = 100;
    expect(['m1', 'm2'].map((key) => cache.get(key) !== null)).toEqual([false, true]);
  });

  it('gives up the longest unused where there are too many', () => {
    const cache = createDirectoryCache({ nowMs: () => 0, maxEntries: 2 });
    cache.put('m1', answerOf(1));
    cache.put('m2', answerOf(2));
    cache.get('m1');
    cache.put('m3', answerOf(3));
    expect(['m1', 'm2', 'm3'].map((key) => cache.get(key) !== null)).toEqual([true, false, true]);
  });

  it('never holds more bytes than it may, however often an answer is replaced', () => {
    const cache = createDirectoryCache({ nowMs: () => 0, maxBytes: 10_000 });
    for (let round = 0; round < 10; round += 1) cache.put('m1', answerOf(4_000));
    cache.put('m2', answerOf(4_000));
    expect(['m1', 'm2'].map((key) => cache.get(key) !== null)).toEqual([true, true]);
    cache.put('m3', answerOf(4_000));
    cache.put('m4', answerOf(11_000));
    expect(['m1', 'm2', 'm3', 'm4'].map((key) => cache.get(key) !== null)).toEqual([false, true, true, false]);
  });
});
