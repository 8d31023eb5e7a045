import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { metaRefusal } from '../../demo/stand-ins/meta-error.ts';
import type { ErasureReference } from '../../src/contracts/workflows.ts';
import type { ErasureState } from '../../src/domain/erasure.ts';
import { createSweep } from '../../src/usecases/start-due-jobs.ts';
import { createEraseRecipient } from '../../src/usecases/erase-recipient.ts';
import { aCaller } from '../support/a-caller.ts';
import { findInTables } from '../support/find-in-tables.ts';
import { idleStarter, listDispatched } from '../support/idle-starter.ts';
import { runInActivity } from '../support/in-activity.ts';
import { openInboundFixture } from '../support/inbound-fixture.ts';
import { poll } from '../support/poll.ts';

let place: Awaited<ReturnType<typeof openInboundFixture>>;
let channelId: string;
const started: ErasureReference[] = [];

beforeAll(async () => {
  place = await openInboundFixture({ reply: () => [{ type: 'message', text: 'Yes' }] });
  channelId = await place.addBotChannel();
});
afterAll(() => place.close());

let numbers = 0;
const aNumber = () => `+3461100${String((numbers += 1)).padStart(4, '0')}`;
const digitsOf = (number: string) => number.slice(1);
const findNumber = (number: string) => findInTables(place.database.url, place.tenantId, digitsOf(number));

function erase(to: string): Promise<ErasureState> {
  const starter = { startErasure: async (reference: ErasureReference) => started.push(reference) > 0 };
  const createId = place.stores.createId;
  return createEraseRecipient({ ...place.stores, starter, createId, clock: place.clock })(aCaller(place.tenantId), to);
}

/** One message of each fate, and what else may name a number. */
async function fillTables(to: string): Promise<void> {
  const delivered = await place.accept(channelId, { to, metadata: { phone: to }, conversationId: `c-${to}` });
  await place.deliver(delivered.id);
  await place.rows(
    `insert into provider_status (tenant_id, channel_id, provider_message_id, status, job_id, occurred_at, received_at, item)
      select $1, $2, 'wamid.' || n || $3, 'sent', case when n = 1 then $4 end, now(), now(), json_build_object('recipient_id', $3::text)
      from generate_series(1, 2) n`,
    [place.tenantId, channelId, digitsOf(to), delivered.id],
  );
  await place.rows(
    `insert into delivery (id, tenant_id, kind, job_id, endpoint_id, event_id, url, attempts, created_at, updated_at)
      values ($1, $2, 'event', $3, 'whk_1', $1, 'https://a.test', json_build_array(json_build_object('responseExcerpt', $4::text)), now(), now())`,
    [place.stores.createId('delivery'), place.tenantId, delivered.id, to],
  );
  const details = { title: `Not to ${to}`, details: `${to} is not on WhatsApp` };
  place.kernel.script(to, [{ answer: metaRefusal(400, 131026, details) }]);
  const media = [{ contentType: 'image/png', contentUrl: 'data:image/png;base64,AAAA' }];
  const failed = await place.accept(channelId, { to, request: { activity: { type: 'message', attachments: media } } });
  expect(await place.deliver(failed.id)).toMatchObject({ state: 'failed' });
  place.kernel.script(to, [{ answer: metaRefusal(400, 131056, { title: 'Pair rate limit hit' }) }]);
  const throttled = await place.accept(channelId, { to });
  await place.attempt(throttled.id);
  expect(await place.find(throttled.id)).toMatchObject({ state: 'held', waitingFor: { reason: 'rate_limit' } });
  const text = place.aText(`Call me: ${to}`, { from: to });
  await place.receive(channelId, text);
  await place.accept(channelId, { to, sendAt: new Date(place.clock().getTime() + 3_600_000) });
}

describe('the erasure of a recipient', () => {
  it('leaves the number in no column of any table, and tells what went', async () => {
    const to = aNumber();
    await fillTables(to);
    const aside = [
      'attempt',
      'delivery',
      'event',
      'identity',
      'problem',
      'provider_status',
      'reply_window',
      'send_limit',
    ];
    const everywhere = ['job', ...aside].toSorted();
    expect(await findNumber(to)).toEqual(everywhere);
    const state = await erase(to);
    expect(await findNumber(to)).toEqual([]);
    expect(state).toMatchObject({ isComplete: true, hasMore: false, inFlight: 0 });
    expect(state.erased).toMatchObject({ messages: 4, inbound: 1, deliveries: 1, statuses: 2, limits: 1 });
    expect(state.erased.events).toBeGreaterThan(4);
    expect(state.erased.kpiEvents).toBeGreaterThan(2);
    for (const table of ['timeline_entry', 'message_part', 'uploaded_media'])
      expect(await place.rows(`select 1 from ${table} where job_id not in (select id from job)`), table).toEqual([]);
    expect(started).toEqual([]);
  });

  it('touches no other number, and no other tenant with the same one', async () => {
    const [to, other] = [aNumber(), aNumber()];
    await fillTables(other);
    await place.deliver((await place.accept(channelId, { to })).id);
    const stranger = await place.addTenant();
    await place.stores.transactions.withTenant(stranger, (tx) =>
      tx.execute({
        text: `insert into job (id, tenant_id, kind, state, recipient, request, expires_at, created_at, updated_at)
          values ($1, $2, 'message', 'queued', $3, '{}', now(), now(), now())`,
        values: [place.stores.createId('message'), stranger, to],
      }),
    );
    const before = await findNumber(other);
    expect(await erase(to)).toMatchObject({ isComplete: true });
    expect(await findNumber(to)).toEqual([]);
    expect(await findNumber(other)).toEqual(before);
    expect(await findInTables(place.database.url, stranger, to)).toEqual(['job']);
    expect(
      await place.stores.transactions.withTenant(stranger, (tx) => tx.query({ text: 'select state from job' })),
    ).toEqual([{ state: 'queued' }]);
  });

  it('is safe to repeat, and covers what was accepted up to its call', async () => {
    const to = aNumber();
    await place.accept(channelId, { to });
    expect((await erase(to)).erased.messages).toBe(1);
    expect(await erase(to)).toMatchObject({ isComplete: true, erased: { messages: 0, events: 0 } });
    await place.accept(channelId, { to });
    expect((await erase(to)).erased.messages).toBe(1);
    const entries = await place.rows<{ target_id: string }>(
      "select target_id from audit_entry where action = 'recipient.erased' order by id desc limit 3",
    );
    expect(new Set(entries.map(({ target_id }) => target_id.slice(0, 4)))).toEqual(new Set(['era_']));
    expect(await place.rows('select 1 from recipient_erasure')).toEqual([]);
  });

  it('lets the next of a conversation go, and nothing be sent of what it took away', async () => {
    const [to, next] = [aNumber(), aNumber()];
    const conversationId = `shared-${to}`;
    const first = await place.accept(channelId, { to, conversationId });
    const second = await place.accept(channelId, { to: next, conversationId });
    expect(await place.find(second.id)).toMatchObject({ state: 'held', waitingFor: { reason: 'turn' } });
    await erase(to);
    expect(place.woken.map(({ id }) => id)).toContain(second.id);
    expect(await place.deliver(second.id)).toMatchObject({ state: 'accepted' });
    expect(await place.attempt(first.id)).toMatchObject({ next: 'end', state: 'missing' });
    expect(place.sendsOf(first.id)).toEqual([]);
  });

  it('waits for a message on the wire and erases it when it ends, with the notice about it', async () => {
    const to = aNumber();
    place.kernel.script(to, [{ answer: { ...metaRefusal(400, 131026, { title: 'No' }), delayMs: 1_500 } }]);
    const { id } = await place.accept(channelId, { to });
    const sending = place.attempt(id);
    await poll({
      what: 'it is sent',
      look: () => place.sendsOf(id).length,
      isDone: (count) => count === 1,
      timeoutMs: 9_000,
    });
    started.length = 0;
    const state = await erase(to);
    expect(state).toMatchObject({ isComplete: false, hasMore: false, inFlight: 1 });
    expect(started).toHaveLength(1);
    const activities = place.makeActivities();
    const [reference] = started;
    if (reference === undefined) throw new Error('no workflow was started');
    const run = () => runInActivity(() => activities.eraseRecipient(reference));
    expect(await run()).toMatchObject({ next: 'wait', inFlight: 1 });
    expect((await place.find(id)).state).toBe('sending');
    await sending;
    expect(await run()).toMatchObject({ next: 'end' });
    expect(await run()).toEqual({ next: 'end', erasedJobs: 0, inFlight: 0 });
    expect(await findNumber(to)).toEqual([]);
  });

  it('erases the replies to a message that the bot was reading', async () => {
    const to = aNumber();
    place.bot.script('message', [{ delayMs: 1_500 }]);
    await place.receive(channelId, place.aText('Hello', { from: to }));
    const [inbound] = await place.rows<{ id: string }>('select id from job where recipient = $1', [to]);
    const id = inbound?.id ?? '';
    const relaying = place.attemptRelay(id);
    await poll({
      what: 'the bot reads',
      look: () => place.find(id),
      isDone: ({ state }) => state === 'relaying',
      timeoutMs: 9_000,
    });
    expect(await erase(to)).toMatchObject({ isComplete: false, inFlight: 1 });
    await relaying;
    expect(await place.repliesTo(id)).toHaveLength(1);
    const [later] = [await place.accept(channelId, { to })];
    const reference = started.at(-1);
    if (reference === undefined) throw new Error('no workflow was started');
    const activities = place.makeActivities();
    await runInActivity(() => activities.eraseRecipient(reference));
    expect(await place.repliesTo(id)).toEqual([]);
    // Accepted after the request: none of this erasure's.
    expect((await place.rows('select id from job where recipient = $1', [to])).map(({ id: left }) => left)).toEqual([
      later.id,
    ]);
  });

  it('parks a status that comes too late, as any of a message that is not known', async () => {
    const to = aNumber();
    const { id } = await place.accept(channelId, { to });
    await place.deliver(id);
    const wamid = place.sendsOf(id)[0]?.wamid ?? '';
    await erase(to);
    await place.tell(channelId, { wamid, status: 'delivered', jobId: id });
    expect(await place.rows('select job_id from provider_status where provider_message_id = $1', [wamid])).toEqual([
      { job_id: null },
    ]);
  });

  it('is taken up by the sweep where nobody goes on with it', async () => {
    const to = aNumber();
    await place.accept(channelId, { to });
    const at = place.clock();
    const wanted = { id: place.stores.createId('erasure'), tenantId: place.tenantId, recipient: to, now: at };
    await place.stores.transactions.withTenant(place.tenantId, (tx) => place.stores.eraser.begin(tx, wanted));
    const swept: ErasureReference[] = [];
    const starter = { ...idleStarter, startErasure: async (each: ErasureReference) => swept.push(each) > 0 };
    const sweep = createSweep({
      ...place.stores,
      starter,
      dispatcher: listDispatched([]),
      clock: place.clock,
      retentionDays: 30,
    });
    await sweep.startErasures();
    expect(swept).toEqual([]);
    await place.rows("update recipient_erasure set wake_at = now() - interval '1 second'");
    await Promise.all([sweep.startErasures(), sweep.startErasures()]);
    expect(swept).toEqual([{ tenantId: place.tenantId, erasureId: wanted.id }]);
    await erase(to);
  });
});
