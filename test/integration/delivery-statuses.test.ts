import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { idleStarter, listDispatched } from '../support/idle-starter.ts';
import { type DeliveryFixture, openDeliveryFixture } from '../support/delivery-fixture.ts';
import type { Told } from '../support/told-status.ts';
import { poll } from '../support/poll.ts';
import { countParkedStatuses } from '../../src/store/cross-tenant.ts';
import { createApplyStatuses } from '../../src/usecases/apply-statuses.ts';
import { createSweep } from '../../src/usecases/start-due-jobs.ts';
import { runInActivity } from '../support/in-activity.ts';

let place: DeliveryFixture;
let channelId: string;
beforeAll(async () => {
  place = await openDeliveryFixture();
  channelId = await place.addChannel();
});
afterAll(() => place.close());

async function acceptAndSend(): Promise<{ id: string; wamid: string }> {
  const { id } = await place.accept(channelId);
  await place.deliver(id);
  return { id, wamid: place.sendsOf(id)[0]?.wamid ?? '' };
}

/** The id of a job's first send, once Kernel has it. */
function waitForSend(jobId: string): Promise<string> {
  const look = () => place.sendsOf(jobId)[0]?.wamid ?? '';
  return poll({ what: 'a send', look, isDone: (wamid) => wamid !== '', timeoutMs: 10_000 });
}

const permanent = [{ code: 131_026, title: 'Undeliverable' }];
const runs = 25;

describe("the provider's statuses", () => {
  it('move a message forward and end in Postgres: no workflow is woken', async () => {
    const { id, wamid } = await acceptAndSend();
    const wokenBefore = place.woken.length;
    await place.tell(channelId, { wamid, status: 'sent' });
    expect(await place.find(id)).toMatchObject({ state: 'sent', terminal: false });
    await place.tell(channelId, { wamid, status: 'delivered' });
    expect(await place.find(id)).toMatchObject({ state: 'delivered', terminal: true, deliveryConfirmed: true });
    await place.tell(channelId, { wamid, status: 'read' });
    expect(await place.find(id)).toMatchObject({ state: 'read', terminal: true, wakeAt: null });
    expect((await place.kpiOf(id)).map(({ event }) => event)).toEqual(['accepted', 'delivered']);
    expect(place.woken).toHaveLength(wokenBefore);
  });

  it('are applied once: the same again is a duplicate and leaves no trace', async () => {
    const { id, wamid } = await acceptAndSend();
    const told = { wamid, status: 'delivered' };
    expect(await place.tell(channelId, told, told)).toEqual({ applied: 1, duplicates: 1, parked: 0 });
    const before = await place.timelineOf(id);
    expect(await place.tell(channelId, told)).toEqual({ applied: 0, duplicates: 1, parked: 0 });
    expect(await place.timelineOf(id)).toEqual(before);
  });

  it('come to the same record in every order, with every repetition, with and without our id', async () => {
    const words = fc.array(fc.constantFrom('sent', 'delivered', 'read', 'failed', 'played', 'deleted'), {
      minLength: 1,
      maxLength: 5,
    });
    const histories = words.chain((list) =>
      fc.tuple(
        fc.shuffledSubarray(list, { minLength: list.length }),
        fc.shuffledSubarray(list, { minLength: list.length }),
      ),
    );
    // When WhatsApp says that it happened, whenever it comes.
    const saidOrder = ['deleted', 'sent', 'failed', 'delivered', 'read', 'played'];
    const saidAt = (word: string) => new Date(Date.UTC(2026, 2, 1, 12, 0, saidOrder.indexOf(word)));
    const apply = async (list: readonly string[], isEchoed: boolean) => {
      const { id, wamid } = await acceptAndSend();
      const jobId = isEchoed ? id : null;
      const items = list.map((status): Told => ({
        wamid,
        status,
        jobId,
        errors: permanent,
        occurredAt: saidAt(status),
      }));
      for (const item of items) await place.tell(channelId, item);
      const { state, terminal, error, deliveryConfirmed } = await place.find(id);
      return { state, terminal, code: error?.code ?? null, deliveryConfirmed };
    };
    await fc.assert(
      fc.asyncProperty(histories, fc.boolean(), async ([list, other], isEchoed) => {
        expect(await apply([...other, ...list], !isEchoed)).toEqual(await apply(list, isEchoed));
      }),
      { numRuns: runs },
    );
  });

  it('that come before the answer are not undone by it', async () => {
    const { id } = await place.accept(channelId, { to: '+34600000401' });
    place.kernel.script('+34600000401', [{ answer: { delayMs: 60_000 } }]);
    const attempt = place.attempt(id);
    await place.tell(channelId, { wamid: await waitForSend(id), status: 'delivered', jobId: id });
    expect(await place.find(id)).toMatchObject({ state: 'delivered', terminal: true });
    await place.kernel.goDown();
    await attempt;
    await place.kernel.comeBack();
    expect(await place.deliver(id)).toMatchObject({ state: 'delivered', error: null, attempts: 1 });
    expect((await place.kpiOf(id)).map(({ event }) => event)).toEqual(['accepted', 'delivered']);
  });

  it('that came before their message was known wait for it, and are matched when it is', async () => {
    const { id } = await place.accept(channelId, { to: '+34600000402' });
    const told: unknown[] = [];
    const worker = place.createWorker({
      http: {
        ...place.http,
        // Kernel's answer is known here, and its id not yet recorded.
        async request(call) {
          const outcome = await place.http.request(call);
          const wamid = await waitForSend(id);
          told.push(await place.tell(channelId, { wamid, status: 'delivered' }, { wamid, status: 'sent' }));
          return outcome;
        },
      },
    });
    await worker(id);
    expect(told).toEqual([{ applied: 0, duplicates: 0, parked: 2 }]);
    expect(await place.find(id)).toMatchObject({ state: 'delivered', terminal: true });
    expect(await place.rows('select 1 from provider_status where job_id is null')).toEqual([]);
  });

  it('wait for ever where they belong to nobody here, and to no other channel of ours', async () => {
    const { id, wamid } = await acceptAndSend();
    const other = await place.addChannel();
    const unknown = { wamid: 'wamid.foreign', status: 'sent', jobId: 'not ours' };
    expect(await place.tell(channelId, unknown)).toMatchObject({ parked: 1 });
    expect(await place.tell(other, { wamid, status: 'read', jobId: id })).toMatchObject({ applied: 0 });
    expect(await place.find(id)).toMatchObject({ state: 'accepted' });
  });

  it('that are late still say more of a record that was final: "failed" after "delivered" changes nothing', async () => {
    const { id, wamid } = await acceptAndSend();
    await place.tell(channelId, { wamid, status: 'delivered' });
    await place.tell(channelId, { wamid, status: 'failed', errors: permanent });
    expect(await place.find(id)).toMatchObject({ state: 'delivered', error: null });
    expect(await place.kpiOf(id)).toHaveLength(2);
  });

  it('that come after the window was closed update the record, and nothing is sent again', async () => {
    const { id, wamid } = await acceptAndSend();
    await place.rows('update job set terminal = true, delivery_confirmed = false, status_until = null where id = $1', [
      id,
    ]);
    const wokenBefore = place.woken.length;
    await place.tell(channelId, { wamid, status: 'failed', errors: [{ code: 131_057 }] });
    expect(await place.find(id)).toMatchObject({ state: 'failed', error: { code: 'whatsapp_131057' } });
    expect(place.woken).toHaveLength(wokenBefore);
    await place.tell(channelId, { wamid, status: 'read' });
    expect(await place.find(id)).toMatchObject({ state: 'read', error: null, deliveryConfirmed: true });
    expect(place.sendsOf(id)).toHaveLength(1);
  });

  it('of a cancelled message are noted and move nothing', async () => {
    const { id } = await place.accept(channelId);
    await place.control.cancel(place.tenantId, id);
    await place.tell(channelId, { wamid: 'wamid.ghost', status: 'delivered', jobId: id });
    expect(await place.find(id)).toMatchObject({ state: 'cancelled' });
    expect((await place.timelineOf(id)).at(-1)).toBe('status.noted');
  });

  it('of nobody here are kept for a day, counted, and then dropped', async () => {
    const [old, young] = [`wamid.old-${channelId}`, `wamid.young-${channelId}`];
    await place.tell(channelId, { wamid: old, status: 'sent' }, { wamid: young, status: 'sent' });
    await place.rows("update provider_status set received_at = now() - interval '25 hours' where job_id is null", []);
    await place.rows('update provider_status set received_at = now() where provider_message_id = $1', [young]);
    const before = await place.stores.transactions.acrossTenants(countParkedStatuses);
    const activities = place.makeActivities();
    for (let count = 0; count < 2; count += 1) await runInActivity(() => activities.purgeExpired());
    expect(place.dropped).toEqual([before - 1]);
    expect(await place.stores.transactions.acrossTenants(countParkedStatuses)).toBe(1);
    expect(await place.tell(channelId, { wamid: young, status: 'sent' })).toMatchObject({ duplicates: 1 });
  });

  it('that ask for a resend while Temporal is away are taken, and the sweep sends it again', async () => {
    const { id, wamid } = await acceptAndSend();
    const applyStatuses = createApplyStatuses({ ...place.stores, clock: place.clock });
    const raw = { id: wamid, status: 'failed', errors: [{ code: 131_057 }] };
    const item = {
      providerMessageId: wamid,
      status: 'failed',
      occurredAt: null,
      callbackData: null,
      phoneNumberId: null,
      said: null,
      raw,
    };
    expect(await applyStatuses(place.tenantId, channelId, [item])).toEqual({ applied: 1, duplicates: 0, parked: 0 });
    expect(await place.find(id)).toMatchObject({ state: 'held', waitingFor: { reason: 'retry' } });
    await place.rows("update job set wake_at = now() - interval '1 second' where id = $1", [id]);
    const started: string[] = [];
    await createSweep({
      ...place.stores,
      clock: place.clock,
      retentionDays: 30,
      starter: idleStarter,
      dispatcher: listDispatched(started),
    }).startDueJobs();
    expect(started).toContain(id);
    expect(await place.deliver(id)).toMatchObject({ state: 'accepted', attempts: 2 });
  });

  it('that come at the very moment of the answer, without our id, always find their message', async () => {
    // Once the status looked before the answer was stored, and was parked after the answer had looked for it.
    const busyChannelId = await place.addChannel({ ratePerSecond: 10_000 });
    const workers = Array.from({ length: 4 }, () => place.createWorker());
    const rounds = Array.from({ length: 120 }, (_, round) => round);
    const race = async (worker: (typeof workers)[number]) => {
      for (let round = rounds.shift(); round !== undefined; round = rounds.shift()) {
        const { id } = await place.accept(busyChannelId);
        const attempt = worker(id);
        const wamid = await waitForSend(id);
        await Promise.all([
          attempt,
          place.tell(busyChannelId, { wamid, status: 'sent' }, { wamid, status: 'delivered' }),
        ]);
        expect(await place.find(id)).toMatchObject({ state: 'delivered', providerMessageIds: [wamid] });
      }
    };
    await Promise.all(workers.map(race));
  });

  it('name their message also where its answer was lost', async () => {
    const { id } = await place.accept(channelId, { to: '+34600000409' });
    place.kernel.script('+34600000409', [{ answer: { fault: 'reset_after_body' } }]);
    await place.attempt(id);
    const wamid = await waitForSend(id);
    await place.tell(channelId, { wamid, status: 'sent', jobId: id });
    expect(await place.find(id)).toMatchObject({ state: 'sent', providerMessageIds: [wamid] });
  });

  it('of a send that was replaced make no third one', async () => {
    const { id } = await place.accept(channelId, { to: '+34600000410' });
    place.kernel.script('+34600000410', [{ answer: { fault: 'reset_after_body' } }]);
    await place.deliver(id);
    const [first, second] = place.sendsOf(id).map(({ wamid }) => wamid);
    await place.tell(channelId, { wamid: first ?? '', status: 'failed', jobId: id, errors: [{ code: 131_057 }] });
    expect(await place.find(id)).toMatchObject({ state: 'accepted', error: null });
    await place.tell(channelId, { wamid: second ?? '', status: 'delivered' });
    expect(await place.find(id)).toMatchObject({ state: 'delivered' });
    expect(place.sendsOf(id)).toHaveLength(2);
  });
});
