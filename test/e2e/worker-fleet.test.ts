import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { JobView } from '../../src/domain/job-view.ts';
import { aMessage, aNumber, type Caller } from '../support/caller.ts';
import { poll } from '../support/poll.ts';
import { openProduct, type Product, type ProductChannel, type RunningProcess } from '../support/product-fixture.ts';
import { openRunBook, type RunBook } from '../support/run-book.ts';

let place: Product;
let tenant: Caller;
let channel: ProductChannel;
let runBook: RunBook;
let api: RunningProcess;
let front: RunningProcess;
let relays: RunningProcess;
let back: RunningProcess;

beforeAll(async () => {
  place = await openProduct();
  api = await place.startApi();
  // What makes calls is a machine of its own, with as many calls at once as it is given.
  front = await place.startWorker({ WAYPOST_QUEUES: 'workflows' });
  back = await place.startWorker({ WAYPOST_QUEUES: 'sends', WAYPOST_SLOTS: '7' });
  tenant = await place.makeTenant();
  channel = await place.makeChannel(tenant);
  runBook = await openRunBook('Shaping a fleet', {
    address: inject('temporalAddress'),
    namespace: place.temporal.namespace,
  });
});
afterAll(() => place.close());

const sent = ['accepted', 'sent', 'delivered', 'read'];

/** The ordinary activities of a workflow with their queues, oldest first. */
async function activitiesOf(workflowId: string): Promise<string[]> {
  const { events } = await place.temporal.history(workflowId);
  return (events ?? []).flatMap(({ activityTaskScheduledEventAttributes: scheduled }) =>
    scheduled ? [`${scheduled.activityType?.name} ${scheduled.taskQueue?.name}`] : [],
  );
}

it('a queue that nobody serves is named', async () => {
  // A fleet without a worker for the relays was well by its word.
  const readiness = async () => (await fetch(`${api.url}/readyz`)).json() as Promise<{ status: string }>;
  const lacking = { status: 'degraded', details: { workers: 'No worker serves relays.' } };
  await expect.poll(readiness).toMatchObject(lacking);
  relays = await place.startWorker({ WAYPOST_QUEUES: 'relays', WAYPOST_SLOTS: 'relays=11' });
  await poll({
    what: 'all queues are served',
    look: readiness,
    isDone: ({ status }) => status === 'ok',
    timeoutMs: 20_000,
  });
});

describe('a worker that serves no sends', () => {
  // Every worker served every queue, so calls could not be kept on machines of their own.
  it('leaves the first attempt at a message to one that does', async () => {
    const { id } = await tenant.send();
    await tenant.follow(id, sent);
    await place.temporal.waitForEnd(id);
    expect(await activitiesOf(id)).toEqual(['sendToKernel waypost-send']);
  });

  it('leaves a page of messages to it in one activity', async () => {
    const messages = Array.from({ length: 60 }, () => aMessage());
    const { data: jobs } = await tenant.ask<{ data: JobView[] }>('POST /v1/messages/batch', { messages });
    for (const { id } of jobs) await tenant.follow(id, sent, 60_000);
    expect(jobs.map(({ id }) => place.kernel.sends.countSends(id))).toEqual(jobs.map(() => 1));
    const pages = [];
    for await (const { workflowId } of place.temporal.client.list({ query: 'WorkflowType="deliverPage"' }))
      pages.push(workflowId);
    expect(pages.length).toBeGreaterThan(0);
    for (const page of pages) expect(await activitiesOf(page)).toEqual(['sendToKernelInPage waypost-send']);
  });

  it('leaves it the call to a bot', async () => {
    const from = aNumber();
    const item = { from, name: 'Ana', wamid: `wamid.${randomUUID()}`, item: { type: 'text', text: { body: 'Hola' } } };
    await place.kernel.receive(channel.phoneNumberId, [item]);
    const [inbound] = await tenant.list<{ id: string }>(`/v1/jobs?kind=inbound&to=${encodeURIComponent(from)}`);
    const id = inbound?.id ?? '';
    await tenant.follow(id, ['completed']);
    await place.temporal.waitForEnd(id);
    expect(await activitiesOf(id)).toEqual(['relayToBot waypost-send']);
  });
});

/** What `temporal worker list` tells of one. */
interface ListedWorker {
  readonly workerHeartbeat: { readonly workerInstanceKey: string; readonly taskQueue: string };
}

it('the fleet shows itself in Temporal', async () => {
  const workers = await poll({
    what: 'three workers in the list',
    // The CLI's own shape.
    async look() {
      const listed = JSON.parse(await runBook.run('worker list --output json')) as ListedWorker[];
      return listed.map(({ workerHeartbeat }) => workerHeartbeat);
    },
    isDone: (found) => found.length === 3,
    timeoutMs: 40_000,
  });
  expect(workers.map(({ taskQueue }) => taskQueue).toSorted()).toEqual(['waypost', 'waypost-relay', 'waypost-send']);
  const key = workers.find(({ taskQueue }) => taskQueue === 'waypost-send')?.workerInstanceKey ?? '';
  expect(await runBook.run('--query')).toContain(key);
  expect(await runBook.run('describe', { WORKER: key })).toContain('waypost-send');
  expect([...runBook.ran].toSorted()).toEqual(runBook.commands.toSorted());
});

async function metricsOf(worker: RunningProcess): Promise<string[]> {
  const answer = await fetch(`${worker.url}/metrics`);
  return (await answer.text()).split('\n');
}

describe('/metrics of a worker', () => {
  it('holds the figures of the SDK beside its own', async () => {
    const namesOf = async (worker: RunningProcess) =>
      (await metricsOf(worker)).flatMap((line) => /^# TYPE (\S+)/.exec(line)?.[1] ?? []);
    expect(await namesOf(front)).toEqual(
      expect.arrayContaining([
        'waypost_jobs_due',
        'temporal_workflow_task_schedule_to_start_latency_seconds',
        'temporal_worker_task_slots_available',
        'temporal_sticky_cache_size',
      ]),
    );
    expect(await namesOf(back)).toContain('temporal_activity_schedule_to_start_latency_seconds');
  });

  it('shows the slots that it was given', async () => {
    const slotsOf = async (worker: RunningProcess) => {
      const lines = (await metricsOf(worker)).filter(
        (line) =>
          line.startsWith('temporal_worker_task_slots_available') && line.includes('worker_type="ActivityWorker"'),
      );
      return lines.map((line) => `${/task_queue="([^"]*)"/.exec(line)?.[1]} ${line.split(' ').at(-1)}`);
    };
    await expect.poll(() => slotsOf(back)).toEqual(['waypost-send 7']);
    await expect.poll(() => slotsOf(relays)).toEqual(['waypost-relay 11']);
  });
});
