import type { ConnectionLike } from '@temporalio/client';
import { type QueueName, queueNames, searchAttributeNames, taskQueueOf } from '../contracts/workflows.ts';

const answerWithinMs = 1_500;
/** A worker that has nothing to do asks again after a minute; one that was not heard of for longer has gone. */
const pollerSeenWithinMs = 75_000;
/** temporal.api.enums.v1.TaskQueueType: what the workers of a queue are there for. */
const taskTypes: Readonly<Record<QueueName, number>> = { workflows: 1, sends: 2, relays: 2 };
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
  const findPollers = async (name: QueueName) => {
    const taskQueue = { name: taskQueueOf[name] };
    const asked = { namespace, taskQueue, taskQueueType: taskTypes[name] };
    return { name, pollers: (await ask(() => workflowService.describeTaskQueue(asked))).pollers ?? [] };
  };
  const [described, attributes, queues] = await Promise.allSettled([
    ask(() => workflowService.describeNamespace({ namespace })),
    ask(() => operatorService.listSearchAttributes({ namespace })),
    Promise.all(queueNames.map(findPollers)),
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
    workers: queues.status === 'rejected' ? undefined : describePollers(queues.value),
  };
}

function describeMissing(present: readonly string[]): string | null {
  const missing = Object.values(searchAttributeNames).filter((name) => !present.includes(name));
  return missing.length === 0 ? null : `The namespace lacks ${missing.join(', ')}.`;
}

interface Poller {
  readonly lastAccessTime?: { readonly seconds?: unknown } | null;
}

function describePollers(queues: readonly { readonly name: QueueName; readonly pollers: readonly Poller[] }[]) {
  const since = Date.now() - pollerSeenWithinMs;
  const isSeen = ({ lastAccessTime }: Poller) => Number(lastAccessTime?.seconds ?? 0) * 1_000 >= since;
  const unserved = queues.flatMap(({ name, pollers }) => (pollers.some(isSeen) ? [] : [name]));
  if (unserved.length === 0) return null;
  return unserved.length === queues.length ? 'No worker has been seen.' : `No worker serves ${unserved.join(' and ')}.`;
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
