import { describe, expect, it } from 'vitest';
import { createRateLimiter } from '../../../../src/activities/delivery/rate-limiter.ts';
import type { WhatsappChannel } from '../../../../src/store/channels.ts';
import type { Tx } from '../../../../src/store/transactions.ts';
import { aJob } from '../../../support/a-job.ts';

const now = new Date('2026-11-30T12:00:00Z');
const noLimit = { blockedUntil: null, throttledInARow: 0 };
/** The cast: of a channel, nothing else is looked at. */
const channel = { id: 'chn_1', tenantId: 'ten_1', settings: { ratePerSecond: 1_000 } } as unknown as WhatsappChannel;

/** Transactions over the one row of a channel's rate: who has written it keeps its lock until the end. */
function openRow() {
  let holder: Tx | null = null;
  const waiting: (() => void)[] = [];
  function begin(): Tx & { readonly commit: () => void } {
    const tx = {
      query: async () => {
        while (holder !== null && holder !== tx) await new Promise<void>((resolve) => waiting.push(resolve));
        holder = tx;
        return [{ first_at: now }] as never[];
      },
      execute: () => Promise.reject(new Error('nothing is executed here')),
      startAfterCommit: () => undefined,
      commit(): void {
        holder = null;
        for (const wake of waiting.splice(0)) wake();
      },
    };
    return tx;
  }
  return { begin };
}

describe('places in the rate of a channel', () => {
  it('are taken by a transaction that has some and needs more, while another waits for it', async () => {
    // The one waited for the places that the other was about to take, and the other for the lock of the one: 10 s, until
    // the database gave the lock up.
    const row = openRow();
    const limiter = createRateLimiter();
    const find = (tx: Tx) =>
      limiter.find(tx, { job: aJob(), channel, limits: { channel: noLimit, pair: noLimit }, isUpload: false, now });
    const first = row.begin();
    const second = row.begin();
    expect(await find(first)).toBeNull();
    const behind = find(second);
    expect(await find(first)).toBeNull();
    first.commit();
    expect(await behind).toBeNull();
  });

  it('are taken once for claims of one transaction that come together', async () => {
    let queries = 0;
    const tx = {
      ...openRow().begin(),
      query: async () => {
        queries += 1;
        return [{ first_at: now }] as never[];
      },
    };
    const limiter = createRateLimiter();
    const claims = Array.from({ length: 20 }, () =>
      limiter.find(tx, { job: aJob(), channel, limits: { channel: noLimit, pair: noLimit }, isUpload: false, now }),
    );
    await Promise.all(claims);
    expect(queries).toBe(1);
  });
});
