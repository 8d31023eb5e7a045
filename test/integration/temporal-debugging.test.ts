import type { Client } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { WhatsappSettings } from '../../src/domain/channel.ts';
import { showProblems } from '../../src/domain/problems/problem.ts';
import { type DeliveryFixture, openDeliveryFixture } from '../support/delivery-fixture.ts';
import { poll } from '../support/poll.ts';
import { openRunBook, type RunBook } from '../support/run-book.ts';
import { openNamespace, type TemporalView } from '../support/temporal-view.ts';
import { runOnTemporal } from '../support/temporal-fixture.ts';
import { publicUrl } from '../support/worker-fixture.ts';

const namespace = `debugging-${process.pid}`;
let view: TemporalView;
let place: DeliveryFixture;
let temporal: Awaited<ReturnType<typeof runOnTemporal>>;
let client: Client;
let runBook: RunBook;

beforeAll(async () => {
  place = await openDeliveryFixture();
  // Other files' workers serve the same queues of the default one.
  view = await openNamespace(inject('temporalAddress'), namespace);
  temporal = await runOnTemporal(place, namespace);
  ({ client } = temporal);
  place.askPaused((jobId) => temporal.starter.isPaused(jobId));
  runBook = await openRunBook('Debugging in the Temporal Web UI', { address: inject('temporalAddress'), namespace });
});
afterAll(async () => {
  await temporal.close();
  await view.close();
  await place.close();
});

interface Pending {
  readonly activityId: string;
  readonly activityType: { readonly name: string };
  readonly attempt: number;
  readonly state: string;
  readonly paused?: boolean;
  readonly nextAttemptScheduleTime?: string;
  readonly scheduledTime?: string;
  readonly lastFailure?: { readonly message: string; readonly applicationFailureInfo: { readonly type: string } };
}

async function pendingOf(jobId: string): Promise<Pending[]> {
  const text = await runBook.run('workflow describe', { JOB: jobId });
  // The CLI's own shape.
  return (JSON.parse(text) as { pendingActivities?: Pending[] }).pendingActivities ?? [];
}

const waitingOf = (jobId: string, isDone = (one: Pending | undefined) => one?.lastFailure !== undefined) =>
  poll({
    what: `the pending activity of ${jobId}`,
    look: async () => (await pendingOf(jobId))[0],
    isDone,
    timeoutMs: 20_000,
  }) as Promise<Pending>;

const sendsReach = (jobId: string, count: number) =>
  poll({
    what: `${count} sends of ${jobId}`,
    look: () => place.sendsOf(jobId).length,
    isDone: (sends) => sends >= count,
    timeoutMs: 20_000,
  });

/** A message that Kernel refuses `times` times. */
async function refuse(to: string, times: number, settings: Partial<WhatsappSettings> = {}) {
  const channelId = await place.addChannel({ retryInitialMs: 600_000, retryMaxMs: 600_000, ...settings });
  place.kernel.script(to, [{ answer: { status: 503 }, times }]);
  const { id } = await place.accept(channelId, { to });
  return { id, channelId };
}

describe('a delivery that waits for its next attempt', () => {
  // One saw an activity that had succeeded and a timer, and of what was wrong nothing.
  it('is found, shows its last failure and its next try, and is sent at once by a reset', async () => {
    const { id, channelId } = await refuse('+34600001001', 2);
    const first = await waitingOf(id);
    expect(first).toMatchObject({ activityType: { name: 'sendToKernel' }, attempt: 2 });
    expect(first.lastFailure?.applicationFailureInfo.type).toBe('transient');
    expect(first.lastFailure?.message).toMatch(/^kernel_http_error: /);
    const record = await place.find(id);
    const nextMs = Date.parse(first.nextAttemptScheduleTime ?? first.scheduledTime ?? '');
    expect(Math.abs(nextMs - (record.nextAttemptAt?.getTime() ?? 0))).toBeLessThan(2_000);
    expect(place.sendsOf(id)).toHaveLength(1);
    const lists = () => [
      runBook.run('WaypostState="held"', {}),
      runBook.run('WaypostErrorCode', { CODE: 'kernel_http_error' }),
      runBook.run('WaypostChannel', { CHANNEL: channelId }),
      runBook.run('WaypostJobs', { JOB: id }),
    ];
    await poll({
      what: 'the lists name it',
      look: () => Promise.all(lists()),
      isDone: (texts) => texts.every((text) => text.includes(id)),
      timeoutMs: 20_000,
    });
    const described = await client.workflow.getHandle(id).describe();
    expect(await described.staticDetails()).toContain(`http://waypost.test/v1/jobs/${id}`);

    await runBook.run('reset --workflow-id', { JOB: id, ACTIVITY: first.activityId });
    await sendsReach(id, 2);
    // Refused once more: it waits again, and a reset sends it again.
    await waitingOf(id, (one) => (one?.attempt ?? 0) > 1 && one?.lastFailure !== undefined);
    await runBook.run('reset --workflow-id', { JOB: id, ACTIVITY: first.activityId });
    await sendsReach(id, 3);
    expect(await client.workflow.getHandle(id).result()).toEqual({ state: 'accepted', attempts: 3 });
  });

  it('is sent at once with all that wait for the same cause, by one batch', async () => {
    const refused = await Promise.all(['+34600001031', '+34600001032'].map((to) => refuse(to, 1)));
    await Promise.all(refused.map(({ id }) => waitingOf(id)));
    const CODE = 'kernel_http_error';
    await poll({
      what: 'both are found by their error code',
      look: () => runBook.run('WaypostErrorCode', { CODE }),
      isDone: (list) => refused.every(({ id }) => list.includes(id)),
      timeoutMs: 20_000,
    });
    await runBook.run('reset --query', { CODE });
    for (const { id } of refused) {
      expect(await client.workflow.getHandle(id).result()).toEqual({ state: 'accepted', attempts: 2 });
      expect(place.sendsOf(id)).toHaveLength(2);
    }
  });

  // An upload that was refused showed as a send.
  it('is named by the step that was refused: an upload', async () => {
    const channelId = await place.addChannel({ retryInitialMs: 600_000, retryMaxMs: 600_000 });
    place.kernel.scriptUploads('*', [{ status: 503 }]);
    const attachments = [{ contentType: 'image/png', contentUrl: 'data:image/png;base64,AAAA' }];
    const { id } = await place.accept(channelId, {
      to: '+34600001005',
      request: { activity: { type: 'message', text: 'A cat', locale: 'es', attachments } },
    });
    const waiting = await waitingOf(id);
    expect(waiting).toMatchObject({ activityType: { name: 'uploadMedia' }, attempt: 2 });
    expect(waiting.lastFailure?.applicationFailureInfo.type).toBe('transient');
    await runBook.run('reset --workflow-id', { JOB: id, ACTIVITY: waiting.activityId });
    expect(await client.workflow.getHandle(id).result()).toEqual({ state: 'accepted', attempts: 3 });
    expect(place.sendsOf(id)).toHaveLength(1);
  });

  it('stays paused for our wakes, and goes on when it is unpaused', async () => {
    const { id, channelId } = await refuse('+34600001002', 1, { retryInitialMs: 3_000, retryMaxMs: 3_000 });
    const { activityId } = await waitingOf(id);
    await runBook.run('activity pause', { JOB: id, ACTIVITY: activityId });
    await waitingOf(id, (one) => one?.paused === true);
    await temporal.starter.start(
      { id, tenantId: place.tenantId, kind: 'message', channelId, isWake: true, isUnlessPaused: true },
      'single',
    );
    await expect(place.control.retry(place.tenantId, id)).rejects.toThrow('paused its activity');
    await new Promise((resolve) => setTimeout(resolve, 4_000));
    expect(place.sendsOf(id)).toHaveLength(1);
    expect(await waitingOf(id)).toMatchObject({ activityId, paused: true });
    await runBook.run('activity unpause', { JOB: id, ACTIVITY: activityId });
    await sendsReach(id, 2);
    expect(await client.workflow.getHandle(id).result()).toMatchObject({ state: 'accepted' });
  });

  // Only a job that had ended could be run again.
  it('is sent at once when an operator retries it', async () => {
    const { id } = await refuse('+34600001003', 1);
    await waitingOf(id);
    expect(await place.control.retry(place.tenantId, id)).toMatchObject({ state: 'held', attempts: 1 });
    await sendsReach(id, 2);
    expect(await client.workflow.getHandle(id).result()).toEqual({ state: 'accepted', attempts: 2 });
    expect(await place.timelineOf(id)).toContain('job.retried');
  });

  it.each([
    ['waits', false],
    ['is paused', true],
  ])('ends at once when it is cancelled, also where it %s', async (_, isPaused) => {
    const { id } = await refuse(`+3460000101${isPaused ? 1 : 0}`, 1);
    const { activityId } = await waitingOf(id);
    if (isPaused) await runBook.run('activity pause', { JOB: id, ACTIVITY: activityId });
    expect(await place.control.cancel(place.tenantId, id)).toMatchObject({ result: 'cancelled' });
    expect(await client.workflow.getHandle(id).result()).toMatchObject({ state: 'cancelled' });
    expect(place.sendsOf(id)).toHaveLength(1);
  });

  it('fails its workflow with the problem where its retries are used up', async () => {
    const { id } = await refuse('+34600001020', 9, {
      numRetries: 1,
      countOutages: true,
      retryInitialMs: 200,
      retryMaxMs: 200,
    });
    await sendsReach(id, 2);
    const error = await client.workflow
      .getHandle(id)
      .result()
      .catch((reason: unknown) => reason);
    const { error: problem } = showProblems(await place.find(id), publicUrl);
    expect(error).toMatchObject({ cause: { type: 'transient', details: [problem] } });
    expect(place.sendsOf(id)).toHaveLength(2);
  });
});

it('every command of the run-book was run', () => {
  expect([...runBook.ran].toSorted()).toEqual(runBook.commands.toSorted());
});
