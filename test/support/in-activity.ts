import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';

/** The run that activities of tests belong to, unless a test says another. */
export const runOfTests = { workflowId: 'test', runId: 'run-of-tests' };

/** Runs a call of an activity inside an activity's context, without Temporal. */
export function runInActivity<T>(
  work: () => Promise<T>,
  workflowExecution = runOfTests,
  activityId = 'test',
): Promise<T> {
  const info = { workflowExecution, activityId };
  return new MockActivityEnvironment(info, { logger: new DefaultLogger('ERROR') }).run(work);
}
