import type { ConnectionLike } from '@temporalio/client';
import { searchAttributeNames, taskQueues } from '../contracts/workflows.ts';

const answerWithinMs = 1_500;
/** A worker that has nothing to do asks again after a minute; one that was not heard of for longer has gone. */
const pollerSeenWithinMs = 75_000;
/** temporal.api.enums.v1.TaskQueueType */
const workflowTasks = 1;
const notFound = 5;

/**
 * What deliveries need of Temporal: null = it is there, a text = what is wrong, undefined = nobody could tell, as the server
 * is away or does not say.
 */
export interface TemporalHealth {
  readonly temporal: string | null;
  readonly namespace: string | null | undefined;
  readonly searchAttributes: string | null | undefined;
  readonly workers: string | null | undefined;
}

/** Asks the server for each part, side by side and within a bound; never throws. */
export async function checkTemporal(connection: ConnectionLike, namespace: string): Promise<TemporalHealth> {
  const { workflowService, operatorService } = connection;
  const ask = <Answer>(work: () => Promise<Answer>) => connection.withDeadline(Date.now() + answerWithinMs, work);
  const [described, attributes, queue] = await Promise.allSettled([
    ask(() => workflowService.describeNamespace({ namespace })),
    ask(() => operatorService.listSearchAttributes({ namespace })),
    ask(() =>
      workflowService.describeTaskQueue({
        namespace,
        taskQueue: { name: taskQueues.main },
        taskQueueType: workflowTasks,
      }),
    ),
  ]);
  if (described.status === 'rejected') {
    const nothingKnown = { searchAttributes: undefined, workers: undefined };
    return codeOf(described.reason) === notFound
      ? { temporal: null, namespace: `There is no namespace ${namespace}.`, ...nothingKnown }
      : { temporal: 'The server does not answer.', namespace: undefined, ...nothingKnown };
  }
  return {
    temporal: null,
    namespace: null,
    searchAttributes:
      attributes.status === 'rejected' ? undefined : describeMissing(Object.keys(attributes.value.customAttributes)),
    workers: queue.status === 'rejected' ? undefined : describePollers(queue.value.pollers ?? []),
  };
}

function describeMissing(present: readonly string[]): string | null {
  const missing = Object.values(searchAttributeNames).filter((name) => !present.includes(name));
  return missing.length === 0 ? null : `The namespace lacks ${missing.join(', ')}.`;
}

function describePollers(
  pollers: readonly { readonly lastAccessTime?: { readonly seconds?: unknown } | null }[],
): string | null {
  const since = Date.now() - pollerSeenWithinMs;
  const isThere = pollers.some(({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) * 1_000 >= since);
  return isThere ? null : 'No worker has been seen.';
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
