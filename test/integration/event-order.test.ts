import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { readEventFeedLagSeconds } from '../../src/store/event-high-water-mark.ts';
import { openWebhookFixture, type WebhookFixture } from '../support/webhook-fixture.ts';

let place: WebhookFixture;
let owner: pg.Client;
const clients: pg.PoolClient[] = [];
beforeAll(async () => {
  place = await openWebhookFixture();
  owner = new pg.Client({ connectionString: place.database.url });
  await owner.connect();
});
afterEach(() => {
  for (const client of clients.splice(0)) client.release(true);
});
afterAll(async () => {
  await owner.end();
  await place.close();
});

/** A transaction that writes events and commits when it is told to. */
async function openWriter() {
  const client = await place.database.pool.connect();
  clients.push(client);
  await client.query('begin');
  await client.query("select set_config('waypost.tenant', $1, true)", [place.tenantId]);
  return {
    query: (text: string) => client.query(text),
    async write(type: string): Promise<string> {
      const id = place.stores.createId('event');
      await client.query("insert into event (id, tenant_id, type, data, created_at) values ($1, $2, $3, '{}', now())", [
        id,
        place.tenantId,
        type,
      ]);
      return id;
    },
    commit: () => client.query('commit'),
    close(): void {
      clients.splice(clients.indexOf(client), 1);
      client.release();
    },
  };
}

async function readNewest(): Promise<bigint> {
  return (await place.eventsAfter(0n)).position;
}

describe('the order of events', () => {
  it('holds back what was numbered after an open transaction, and leaves out nothing', async () => {
    const start = await readNewest();
    const [slow, quick] = [await openWriter(), await openWriter()];
    const first = await slow.write('message.sent');
    const second = await quick.write('message.read');
    await quick.commit();
    const early = await place.eventsAfter(start);
    expect(early.events).toEqual([]);
    await slow.commit();
    const late = await place.eventsAfter(early.position);
    expect(late.events.map(({ id }) => id)).toEqual([first, second]);
  });

  it('holds back what was numbered by a transaction that is younger than any that has ended', async () => {
    const start = await readNewest();
    const lone = await openWriter();
    const id = await lone.write('message.sent');
    const seen = await place.eventsAfter(start);
    expect(seen.events).toEqual([]);
    await lone.commit();
    expect((await place.eventsAfter(seen.position)).events.map((event) => event.id)).toEqual([id]);
  });

  it('follows the order of the changes of one record, whichever transaction is older', async () => {
    const start = await readNewest();
    const [older, younger] = [await openWriter(), await openWriter()];
    await older.query('select pg_current_xact_id()');
    const first = await younger.write('message.accepted');
    const second = await younger.write('message.sent');
    await younger.commit();
    // As if it had waited for the lock of the record that the younger one held.
    const third = await older.write('message.read');
    await older.commit();
    expect((await place.eventsAfter(start)).events.map(({ id }) => id)).toEqual([first, second, third]);
  });

  it('gives a reader that never stops every event once, in order, while commits come in any order', async () => {
    const start = await readNewest();
    const written: string[] = [];
    const seen: { id: string; sequence: string }[] = [];
    let isWriting = true;
    async function write(seed: number): Promise<void> {
      for (let count = 0; count < 25; count += 1) {
        const writer = await openWriter();
        const ids = [await writer.write('message.sent'), await writer.write('message.read')];
        await sleep((seed * 7 + count * 11) % 23);
        if ((seed + count) % 9 === 0) await writer.query('rollback');
        else {
          await writer.commit();
          written.push(...ids);
        }
        writer.close();
      }
    }
    async function read(): Promise<void> {
      let position = start;
      for (let isLast = false; ;) {
        isLast = !isWriting;
        // Without patience: as often as it can, at whatever is settled just then.
        const settled = await place.stores.highWaterMark.read(isLast ? 2_000 : 0);
        const page = await place.pageOf(position, settled);
        seen.push(...page.events);
        position = page.position;
        if (isLast) return;
      }
    }
    const reading = read();
    await Promise.all([1, 2, 3].map(write));
    isWriting = false;
    await reading;
    expect(seen.map(({ id }) => id).toSorted()).toEqual(written.toSorted());
    const numbers = seen.map(({ sequence }) => Number(sequence));
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
  });

  it('is not delayed for what was settled before a transaction that takes long', async () => {
    const start = await readNewest();
    const before = await openWriter();
    const id = await before.write('message.sent');
    await before.commit();
    expect((await place.eventsAfter(start)).events.map((event) => event.id)).toEqual([id]);
    const long = await openWriter();
    await long.write('message.read');
    expect((await place.eventsAfter(start)).events.map((event) => event.id)).toEqual([id]);
    await long.commit();
  });

  // The mark was taken from the oldest transaction of the whole server: feed, streams and webhooks of all tenants stood
  // still while anybody, in whatever database, kept a writing transaction open.
  it('waits for no transaction that writes no events, of this database or another one', async () => {
    const start = await readNewest();
    const elsewhere = new pg.Client({ connectionString: inject('databaseUrl') });
    const other = new pg.Client({ connectionString: place.database.url });
    await Promise.all([elsewhere.connect(), other.connect()]);
    try {
      for (const client of [elsewhere, other]) await client.query('begin; select pg_current_xact_id()');
      const writer = await openWriter();
      const id = await writer.write('message.sent');
      await writer.commit();
      const seen = await place.eventsAfter(start);
      expect(seen.events.map((event) => event.id)).toEqual([id]);
    } finally {
      await Promise.all([elsewhere.end(), other.end()]);
    }
  });

  it('waits for a writer whose first event was taken back by a savepoint, and no longer', async () => {
    const start = await readNewest();
    const slow = await openWriter();
    await slow.query('savepoint before');
    await slow.write('message.sent');
    await slow.query('rollback to savepoint before');
    const kept = await slow.write('message.read');
    const quick = await openWriter();
    const later = await quick.write('message.sent');
    await quick.commit();
    expect((await place.eventsAfter(start)).events).toEqual([]);
    await slow.commit();
    expect((await place.eventsAfter(start)).events.map(({ id }) => id)).toEqual([kept, later]);
  });

  // What had been settled was remembered: after a restore the numbers were lower than that, and what was still being
  // written under them was passed over until the process was started again.
  it('passes nothing over when a restore has set the numbers back under a process that goes on', async () => {
    const start = await readNewest();
    await owner.query("select setval('event_sequence', $1)", [String(start + 1_000n)]);
    expect(await readNewest()).toBe(start + 1_000n);
    await owner.query("select setval('event_sequence', $1)", [String(start)]);
    const [slow, quick] = [await openWriter(), await openWriter()];
    const first = await slow.write('message.sent');
    const second = await quick.write('message.read');
    await quick.commit();
    const early = await place.eventsAfter(start);
    expect(early.events).toEqual([]);
    await slow.commit();
    expect((await place.eventsAfter(early.position)).events.map(({ id }) => id)).toEqual([first, second]);
  });

  it('says for how long an event has been held back', async () => {
    const lag = () => place.stores.transactions.acrossTenants(readEventFeedLagSeconds);
    expect(await lag()).toBe(0);
    const [slow, quick] = [await openWriter(), await openWriter()];
    await slow.write('message.sent');
    await quick.write('message.read');
    await quick.commit();
    await sleep(100);
    expect(await lag()).toBeGreaterThan(0.1);
    await slow.commit();
    expect(await lag()).toBe(0);
  });
});
