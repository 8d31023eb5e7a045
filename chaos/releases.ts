import { setTimeout as sleep } from 'node:timers/promises';
import proto from '@temporalio/proto';
import type { Outage } from './outages.ts';
import { startApi, startWorker, type Surroundings } from './surroundings.ts';

/** How long the processes of two releases work side by side at each step. */
const besideMs = 15_000;
const { WorkflowTaskFailedCause } = proto.temporal.api.enums.v1;
const historiesAtOnce = 8;

/** A release as it is done: this one's processes come beside the other's, replace them one by one, and are rolled back once. */
export function planReleases(other: string): readonly Outage[] {
  const replaceWorker = (checkout: string | null) => async (surroundings: Surroundings) => {
    const { fleet, place } = surroundings;
    fleet.workers.push(await startWorker(place, checkout));
    await fleet.workers.shift()?.stop();
    await sleep(besideMs);
  };
  const replaceApi = (checkout: string | null) => async (surroundings: Surroundings) => {
    const { fleet, place } = surroundings;
    await fleet.api.stop();
    fleet.api = await startApi(place, checkout);
    await sleep(besideMs);
  };
  return [
    { name: 'a worker of this release beside the other', happen: replaceWorker(null) },
    { name: 'the api of this release', happen: replaceApi(null) },
    { name: 'both workers of this release', happen: replaceWorker(null) },
    { name: 'a worker of the other release again', happen: replaceWorker(other) },
    { name: 'both workers of this release again', happen: replaceWorker(null) },
  ];
}

/** Workflows of which a task failed by their code, as it does where two releases do different things at the same place. */
export async function findFailedTasks({ place }: Surroundings): Promise<string[]> {
  const ids: string[] = [];
  for await (const { workflowId } of place.temporal.client.list()) ids.push(workflowId);
  const found: string[] = [];
  const takeNext = async (): Promise<void> => {
    for (let id = ids.pop(); id !== undefined; id = ids.pop()) {
      const { events } = await place.temporal.history(id);
      const isFailed = events?.some(
        ({ workflowTaskFailedEventAttributes: failed }) => failed && !isUsual(failed.cause),
      );
      if (isFailed === true) found.push(id);
    }
  };
  await Promise.all(Array.from({ length: historiesAtOnce }, takeNext));
  return found;
}

/** A signal came while the task was completed: it is made again, with the signal. */
function isUsual(cause: proto.temporal.api.enums.v1.WorkflowTaskFailedCause | null | undefined): boolean {
  return cause === WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND;
}
