import { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { taskQueues } from '../../src/contracts/workflows.ts';
import { eventKinds, openWorkflowFixture } from '../support/workflow-fixture.ts';

let place: Awaited<ReturnType<typeof openWorkflowFixture>>;
beforeAll(async () => {
  place = await openWorkflowFixture();
});
afterAll(() => place.close());

const page = { tenantId: 'ten_1', jobIds: ['msg_1', 'msg_2', 'msg_3'] };
const started = { ...page, retries: 'temporal' } as const;

describe('deliverPage', () => {
  it('tells fifty messages in one workflow task and six events', async () => {
    await place.withWorker({ sendToKernelInPage: [{ done: 2, left: 1 }] }, async ({ start, calls }) => {
      const handle = await start('deliverPage', started);
      expect(await handle.result()).toEqual({ done: 2, left: 1 });
      expect(calls.map(({ input }) => input)).toEqual([page]);
      expect(eventKinds(await handle.fetchHistory())).toEqual([
        'workflowExecutionStarted',
        'workflowTaskScheduled',
        'workflowTaskStarted',
        'workflowTaskCompleted',
        'markerRecorded',
        'workflowExecutionCompleted',
      ]);
    });
  });

  it('goes on as one ordinary activity where its worker serves no sends', async () => {
    const script = { sendToKernelInPage: [{ next: 'escalate' } as const, { done: 3, left: 0 }] };
    await place.withWorker(script, async ({ start, calls }) => {
      const handle = await start('deliverPage', started);
      expect(await handle.result()).toEqual({ done: 3, left: 0 });
      expect(calls.map(({ input }) => input)).toEqual([page, page]);
      const { events } = await handle.fetchHistory();
      const queues = events?.flatMap((event) => event.activityTaskScheduledEventAttributes?.taskQueue?.name ?? []);
      expect(queues).toEqual([taskQueues.send]);
    });
  });

  it('ends where our own infrastructure fails it: its messages are due by their records', async () => {
    const outage = ApplicationFailure.create({ type: 'outage', message: 'the database is away' });
    await place.withWorker({ sendToKernelInPage: [outage] }, async ({ start }) => {
      const handle = await start('deliverPage', started);
      expect(await handle.result()).toEqual({ done: 0, left: 3 });
    });
  });
});
