import { upsertSearchAttributes } from '@temporalio/workflow';
import { searchAttributeNames } from '../contracts/workflows.ts';

/** Shows a job's state in the list of workflows: one history event, with the task that completes the workflow. */
export function showState(state: string, errorCode: string | null): void {
  upsertSearchAttributes([
    { key: { name: searchAttributeNames.state, type: 'KEYWORD' }, value: state },
    ...(errorCode === null
      ? []
      : [{ key: { name: searchAttributeNames.errorCode, type: 'KEYWORD' as const }, value: errorCode }]),
  ]);
}
