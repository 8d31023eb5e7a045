import { patched, upsertSearchAttributes } from '@temporalio/workflow';
import { searchAttributeNames } from '../contracts/workflows.ts';

/**
 * Shows a job's state in the list of workflows: one history event, with the task that completes the workflow. `isCodeShown` =
 * a code was shown before, which goes where there is none any more.
 */
export function showState(state: string, errorCode: string | null, isCodeShown = false): void {
  upsertSearchAttributes([
    { key: { name: searchAttributeNames.state, type: 'KEYWORD' }, value: state },
    ...(errorCode === null && !isCodeShown
      ? []
      : [{ key: { name: searchAttributeNames.errorCode, type: 'KEYWORD' as const }, value: errorCode }]),
  ]);
}

/** Shows in what state a job waits, when a wait begins and its state is another than the one before: one history event. */
export function createShowWait(): (state: string) => void {
  let shown: string | null = null;
  return (state) => {
    // Runs of before showed a state at their end only.
    if (state === shown || !patched('show-waits')) return;
    shown = state;
    showState(state, null);
  };
}
