import type { WorkflowHandle } from '@temporalio/client';
import type { Workflow } from '@temporalio/common';
import type { MessageStep } from '../../src/contracts/activities.ts';
import { wakeSignal } from '../../src/contracts/workflows.ts';
import { aProblem } from '../support/a-job.ts';
import { ends, escalates, fails, followed, refuses, waits } from '../support/fake-activities.ts';
import { longWaitMs, type Shape, wakeWhenWaiting } from './shape.ts';

const message = { workflow: 'deliverMessage', args: [{ tenantId: 'ten_1', jobId: 'msg_1' }] } as const;
const sent = { workflow: 'deliverMessage', args: [followed] } as const;
const relayed = {
  workflow: 'relayInbound',
  args: [{ tenantId: 'ten_1', jobId: 'inb_1', retries: 'temporal' }],
} as const;
const inbound = { workflow: 'relayInbound', args: [{ tenantId: 'ten_1', jobId: 'inb_1' }] } as const;
const goOnWith = (activity: MessageStep) => ({ ...escalates, activity });

async function wakeWhenRefused(handle: WorkflowHandle<Workflow>): Promise<void> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const { raw } = await handle.describe();
    if (raw.pendingActivities?.some(({ lastFailure }) => lastFailure)) break;
    if (Date.now() > deadline) throw new Error('the activity was never refused');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await handle.signal(wakeSignal);
}

/** Of messages, in and out. */
export const deliveryShapes: Readonly<Record<string, Shape>> = {
  'page-sent': {
    workflow: 'deliverPage',
    args: [{ tenantId: 'ten_1', jobIds: ['msg_1', 'msg_2'], retries: 'temporal' }],
    script: { sendToKernelInPage: [{ done: 1, left: 1, failed: [{ jobId: 'msg_1', code: 'kernel_http_error' }] }] },
  },
  'page-elsewhere': {
    workflow: 'deliverPage',
    args: [{ tenantId: 'ten_1', jobIds: ['msg_1', 'msg_2'], retries: 'temporal' }],
    script: { sendToKernelInPage: [{ next: 'escalate' }, { done: 2, left: 0 }] },
  },
  'inbound-taken': { ...relayed, script: { relayToBot: [ends('completed')] } },
  'inbound-refused': { ...relayed, script: { relayToBot: [waits(200), refuses(200), ends('completed', null, 2)] } },
  'message-sent': { ...sent, script: { sendToKernel: [ends('accepted')] } },
  'message-refused-twice': {
    ...sent,
    script: { sendToKernel: [waits(200), refuses(200), refuses(400), ends('accepted', null, 3)] },
  },
  'message-failed': { ...sent, script: { sendToKernel: [waits(200), refuses(200), fails(2)] } },
  'message-by-steps': {
    ...sent,
    script: {
      sendToKernel: [goOnWith('renderMessage'), ends('accepted', null, 3)],
      renderMessage: [goOnWith('uploadMedia')],
      uploadMedia: [refuses(200), goOnWith('sendToKernel')],
    },
  },
  'message-not-rendered': {
    ...sent,
    script: {
      sendToKernel: [goOnWith('renderMessage')],
      renderMessage: [ends('failed', 'rendering_failed', 0, aProblem({ code: 'rendering_failed' }))],
    },
  },
  'message-woken': {
    ...sent,
    script: { sendToKernel: [waits(longWaitMs), refuses(longWaitMs), ends('delivered')] },
    steer: wakeWhenRefused,
  },
  // By the names that their steps had before, and with timers.
  'inbound-relayed': { ...inbound, script: { attemptRelay: [ends('completed')] } },
  'inbound-retried': { ...inbound, script: { attemptRelay: [waits(50), ends('completed', null, 2)] } },
  'page-of-messages': {
    workflow: 'deliverPage',
    args: [{ tenantId: 'ten_1', jobIds: ['msg_1', 'msg_2'] }],
    script: { attemptPage: [{ done: 1, left: 1 }] },
  },
  'message-healthy': { ...message, script: { attemptDelivery: [ends('accepted')] } },
  'message-retried-twice': {
    ...message,
    script: { attemptDelivery: [waits(200), waits(400, { attempts: 2 }), ends('accepted', null, 3)] },
  },
  'message-wait-shown': {
    ...message,
    script: { attemptDelivery: [waits(200), waits(400, { attempts: 2 }), ends('accepted', null, 3)] },
  },
  'message-out-of-retries': {
    ...message,
    script: { attemptDelivery: [waits(200), ends('failed', 'kernel_http_error', 2)] },
  },
  'message-ambiguous': {
    ...message,
    script: {
      attemptDelivery: [waits(longWaitMs, { errorCode: 'kernel_timeout' }), ends('delivered')],
    },
    steer: wakeWhenWaiting,
  },
  'message-escalated': { ...message, script: { attemptDelivery: [escalates, ends('accepted')] } },
  'message-fast-path-failed': {
    ...message,
    script: { attemptDelivery: [new Error('away'), new Error('away'), new Error('away'), ends('accepted')] },
  },
};
