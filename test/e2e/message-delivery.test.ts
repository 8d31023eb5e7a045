import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JobView } from '../../src/domain/job-view.ts';
import { aMessage, aNumber, type Caller } from '../support/caller.ts';
import { openPayload } from '../support/open-payload.ts';
import { poll } from '../support/poll.ts';
import {
  joinProduct,
  type ProductChannel,
  type SharedProduct,
  unhurriedCallbacks,
} from '../support/product-fixture.ts';

let place: SharedProduct;
let tenant: Caller & { readonly tenantId: string };
let channel: ProductChannel;

beforeAll(async () => {
  place = await joinProduct();
  tenant = await place.makeTenant();
  channel = await place.makeChannel(tenant);
});
afterAll(async () => {
  await place.close();
});

interface Attempt {
  readonly number: number;
  readonly outcome: string;
  readonly httpStatus: number;
  readonly target: string;
  readonly startedAt: string;
}

describe('a text message', () => {
  it('is answered with 202, Location and the job, and is sent, delivered and read by signed callbacks', async () => {
    const message = aMessage({ metadata: { team: 'billing' }, externalId: 'order-9' });
    const answer = await tenant.call('POST /v1/messages', { body: message });
    const id = String(answer.at('id'));
    expect(answer.status).toBe(202);
    expect(id).toMatch(/^msg_/);
    expect(answer.headers.get('location')).toBe(`/v1/jobs/${id}`);
    expect([answer.at('kind'), answer.at('state'), answer.at('terminal')]).toEqual(['message', 'queued', false]);

    const job = await tenant.follow(id, ['read']);
    const [send] = place.kernel.sends.list().filter(({ jobId }) => jobId === id);
    expect(job).toMatchObject({
      terminal: true,
      attempts: 1,
      error: null,
      waitingFor: null,
      channelId: channel.id,
      to: message.to,
      externalId: 'order-9',
      metadata: { team: 'billing' },
      possibleDuplicate: false,
      userInformed: false,
      providerMessageIds: [send?.wamid],
    });
    expect(job.finishedAt).not.toBeNull();
    expect([place.kernel.sends.countSends(id), `+${send?.to}`, send?.payload['text']]).toEqual([
      1,
      message.to,
      { body: 'Hola' },
    ]);
  });

  it('has one attempt and a timeline that tells its whole way in order', async () => {
    const to = aNumber();
    place.kernel.script(to, [{ callbacks: [...unhurriedCallbacks] }]);
    const { id } = await tenant.send({ to });
    await tenant.follow(id, ['read']);
    const attempts = await tenant.list<Attempt>(`/v1/jobs/${id}/attempts`);
    expect(attempts).toHaveLength(1);
    expect(attempts[0]).toMatchObject({ number: 1, outcome: 'accepted', httpStatus: 200 });
    expect(attempts[0]?.target).toContain(`/${channel.phoneNumberId}/messages`);
    const timeline = await tenant.list<{ at: string; type: string; title: string }>(`/v1/jobs/${id}/timeline`);
    expect(timeline.map(({ type }) => type.replace(/^message\./, ''))).toEqual([
      'queued',
      'accepted',
      'sent',
      'delivered',
      'read',
    ]);
    expect(timeline.every(({ title }) => title.length > 0)).toBe(true);
    expect(timeline.map(({ at }) => at)).toEqual(timeline.map(({ at }) => at).toSorted());
  });

  it('tells the bot that it was accepted and delivered', async () => {
    const to = aNumber();
    place.kernel.script(to, [{ callbacks: [...unhurriedCallbacks] }]);
    const { id } = await tenant.send({ to, groupId: 'req-77' });
    const events = await poll({
      what: 'two KPI events',
      look: () => place.bot.kpiEvents(id),
      isDone: (found) => found.length >= 2,
      timeoutMs: 20_000,
    });
    expect(new Set(events.map(({ event }) => event))).toEqual(new Set(['accepted', 'delivered']));
    expect(events[0]).toMatchObject({ jobId: id, groupId: 'req-77', code: null, attempt: 1 });
    // Its last callback must not be counted among the next test's.
    await tenant.follow(id, ['read']);
  });

  it('goes out once where the same callback comes many times and out of order', async () => {
    const to = aNumber();
    place.kernel.script(to, [
      {
        callbacks: [
          'read',
          { status: 'delivered', copies: 3 },
          'sent',
          { status: 'failed', errors: [{ code: 131000 }] },
        ],
      },
    ]);
    const takenBefore = place.kernel.callbacks.taken;
    const { id } = await tenant.send({ to });
    await poll({
      what: 'all six callbacks are taken',
      look: () => place.kernel.callbacks.taken - takenBefore,
      isDone: (taken) => taken === 6,
      timeoutMs: 20_000,
    });
    const job = await tenant.follow(id, ['read']);
    expect([job.error, job.attempts, place.kernel.sends.countSends(id)]).toEqual([null, 1, 1]);
  });
});

describe('its workflow in Temporal', () => {
  let job: JobView;
  beforeAll(async () => {
    const { id } = await tenant.send();
    await tenant.follow(id, ['read']);
    await place.temporal.waitForEnd(id);
    job = await tenant.job(id);
  });

  it('is listed by type and search attributes, with the id of the job', async () => {
    const { client } = place.temporal;
    const terms = [
      "WorkflowType = 'deliverMessage'",
      `WorkflowId = '${job.id}'`,
      `WaypostTenant = '${tenant.tenantId}'`,
      "WaypostKind = 'message'",
    ];
    const found = await poll({
      what: 'the workflow is listed',
      async look() {
        const list = [];
        for await (const each of client.list({ query: terms.join(' and ') })) list.push(each);
        return list.map(({ workflowId, type, typedSearchAttributes, status }) => ({
          workflowId,
          type,
          status: status.name,
          state: typedSearchAttributes.getAll().find(({ key }) => key.name === 'WaypostState')?.value,
        }));
      },
      // The list is a moment behind.
      isDone: (list) => list[0]?.status === 'COMPLETED',
      timeoutMs: 20_000,
    });
    expect(found).toEqual([{ workflowId: job.id, type: 'deliverMessage', status: 'COMPLETED', state: 'accepted' }]);
  });

  it('is linked from the job, down to its run', async () => {
    const { runId } = await place.temporal.client.getHandle(job.id).describe();
    expect(job.workflow).toMatchObject({ id: job.id, runId });
    expect(job.workflow?.url).toContain(`/namespaces/${place.temporal.namespace}/workflows/${job.id}/${runId}`);
  });

  it('has a history of at most 8 events', async () => {
    const { events } = await place.temporal.history(job.id);
    expect(events?.length).toBeLessThanOrEqual(8);
  });

  it('shows its summary to everyone, and its input only through the codec', async () => {
    const { staticSummary } = await place.temporal.client.getHandle(job.id).describe().then(readSummary);
    expect(staticSummary).toBe('Deliver one message');

    const { events } = await place.temporal.history(job.id);
    const sealed = events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads ?? [];
    const encoding = Buffer.from(sealed[0]?.metadata?.['encoding'] ?? []).toString();
    expect(encoding).toBe('binary/encrypted');
    expect(Buffer.from(sealed[0]?.data ?? []).toString('latin1')).not.toContain(job.id);

    const input = await openPayload(tenant, place.adminKey, sealed[0]);
    expect(input).toEqual({ tenantId: tenant.tenantId, jobId: job.id, retries: 'temporal' });
  });

  it('stays closed to whoever does not know the address of the codec', async () => {
    const answer = await tenant.call('POST /codec/guessed/decode', { key: null, body: { payloads: [] } });
    expect([answer.status, answer.at('code')]).toEqual([401, 'unauthorized']);
  });
});

async function readSummary(description: { staticSummary(): Promise<string | undefined> }) {
  return { staticSummary: await description.staticSummary() };
}
