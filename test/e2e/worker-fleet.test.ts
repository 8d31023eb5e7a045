import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { aMessage, aNumber, type Caller } from '../support/caller.ts';
import { poll } from '../support/poll.ts';
import { openProduct, type Product, type ProductChannel, type RunningProcess } from '../support/product-fixture.ts';
import { openRunBook, type RunBook } from '../support/run-book.ts';

let place: Product;
let tenant: Caller;
let channel: ProductChannel;
let runBook: RunBook;
let front: RunningProcess;
let back: RunningProcess;

beforeAll(async () => {
  place = await openProduct();
  await place.startApi();
  // What makes calls is a machine of its own, with as many calls at once as it is given.
  front = await place.startWorker({ WAYPOST_QUEUES: 'workflows' });
  back = await place.startWorker({ WAYPOST_QUEUES: 'sends,relays', WAYPOST_SLOTS: 'sends=7,relays=11' });
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

describe('a worker that serves no sends', () => {
  // Every worker served every queue, so calls could not be kept on machines of their own.
  it('leaves the first attempt at a message to one that does', async () => {
    const { id } = await tenant.send();
    await tenant.follow(id, sent);
    await place.temporal.waitForEnd(id);
    expect(await activitiesOf(id)).toEqual(['sendToKernel waypost-send']);
  });

  it('leaves a page of messages to it in one activity', async () => {
    const messages = Array.from({ length: 30 }, () => aMessage());
    const jobs = await Promise.all(messages.map((message) => tenant.send(message)));
    for (const { id } of jobs) await tenant.follow(id, sent, 60_000);
    expect(jobs.map(({ id }) => place.kernel.sends.countSends(id))).toEqual(jobs.map(() => 1));
    const pages = [];
    for await (const { workflowId } of place.temporal.client.list({ query: 'WorkflowType="deliverPage"' }))
      pages.push(workflowId);
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

interface ListedWorker {
  readonly workerInstanceKey: string;
  readonly taskQueue: string;
}

it('the fleet shows itself in Temporal', async () => {
  const workers = await poll({
    what: 'three workers in the list',
    // The CLI's own shape.
    look: async () => JSON.parse(await runBook.run('worker list --output json')) as ListedWorker[],
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
    const lines = await metricsOf(front);
    for (const name of [
      'waypost_jobs_due',
      'temporal_workflow_task_schedule_to_start_latency_seconds_bucket',
      'temporal_worker_task_slots_available',
      'temporal_sticky_cache_size',
    ])
      expect(lines.some((line) => line.startsWith(name))).toBe(true);
    const calls = await metricsOf(back);
    expect(calls.some((line) => line.startsWith('temporal_activity_schedule_to_start_latency_seconds_bucket'))).toBe(true);
  });

  it('shows the slots that it was given', async () => {
    const lines = await metricsOf(back);
    const slotsOf = (queue: string) =>
      lines.filter(
        (line) =>
          line.startsWith('temporal_worker_task_slots_available') &&
          line.includes(`task_queue="${queue}"`) &&
          line.includes('worker_type="ActivityWorker"'),
      );
    expect(slotsOf('waypost-send').map((line) => Number(line.split(' ').at(-1)))).toEqual([7]);
    expect(slotsOf('waypost-relay').map((line) => Number(line.split(' ').at(-1)))).toEqual([11]);
    expect(slotsOf('waypost')).toEqual([]);
  });
});
