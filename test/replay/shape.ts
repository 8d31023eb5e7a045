import type { WorkflowHandle } from '@temporalio/client';
import type { Workflow } from '@temporalio/common';
import { wakeSignal } from '../../src/contracts/workflows.ts';
import type { WorkflowName } from '../../src/contracts/workflow-names.ts';
import type { ActivityScript } from '../support/fake-activities.ts';

/** One way in which a workflow can go, of which a history is kept. */
export interface Shape {
  readonly workflow: WorkflowName;
  readonly args: readonly unknown[];
  readonly script: ActivityScript;
  /** Steers the workflow while it runs. */
  readonly steer?: (handle: WorkflowHandle<Workflow>) => Promise<void>;
}

/** Longer than a recording may take. */
export const longWaitMs = 600_000;

const isWaiting = async (handle: WorkflowHandle<Workflow>): Promise<boolean> =>
  (await handle.fetchHistory()).events?.some((event) => event.timerStartedEventAttributes) ?? false;

export async function wakeWhenWaiting(handle: WorkflowHandle<Workflow>): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!(await isWaiting(handle))) {
    if (Date.now() > deadline) throw new Error('the workflow never waited');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await handle.signal(wakeSignal);
}
