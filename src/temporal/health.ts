import type { ConnectionLike } from '@temporalio/client';
import { deploymentName, searchAttributeNames } from '../contracts/workflows.ts';

const answerWithinMs = 1_500;
const notFound = 5;

/**
 * What deliveries need of Temporal: null = it is there, a text = what is wrong, undefined = nobody could tell, as the server
 * is away or does not say.
 */
export interface TemporalHealth {
  readonly temporal: string | null;
  readonly namespace: string | null | undefined;
  readonly searchAttributes: string | null | undefined;
}

/** Asks the server for each part, side by side and within a bound; never throws. */
export async function checkTemporal(connection: ConnectionLike, namespace: string): Promise<TemporalHealth> {
  const { workflowService, operatorService } = connection;
  const ask = <Answer>(work: () => Promise<Answer>) => connection.withDeadline(Date.now() + answerWithinMs, work);
  const [described, attributes] = await Promise.allSettled([
    ask(() => workflowService.describeNamespace({ namespace })),
    ask(() => operatorService.listSearchAttributes({ namespace })),
  ]);
  if (described.status === 'rejected') {
    return codeOf(described.reason) === notFound
      ? { temporal: null, namespace: `There is no namespace ${namespace}.`, searchAttributes: undefined }
      : { temporal: 'The server does not answer.', namespace: undefined, searchAttributes: undefined };
  }
  return {
    temporal: null,
    namespace: null,
    searchAttributes:
      attributes.status === 'rejected' ? undefined : describeMissing(Object.keys(attributes.value.customAttributes)),
  };
}

/**
 * What is wrong with the versions of the workers, in words for the middle of a sentence: without a current one nobody takes up
 * anything new. Null = nothing is, they have none, or the server does not tell.
 */
export async function checkVersion(connection: ConnectionLike, namespace: string): Promise<string | null> {
  try {
    const { workerDeploymentInfo } = await connection.withDeadline(Date.now() + answerWithinMs, () =>
      connection.workflowService.describeWorkerDeployment({ namespace, deploymentName }),
    );
    const routing = workerDeploymentInfo?.routingConfig ?? null;
    if (routing === null || (routing.currentDeploymentVersion?.buildId ?? '') !== '') return null;
    return `no version of the worker deployment ${deploymentName} is current`;
  } catch {
    return null;
  }
}

function describeMissing(present: readonly string[]): string | null {
  const missing = Object.values(searchAttributeNames).filter((name) => !present.includes(name));
  return missing.length === 0 ? null : `The namespace lacks ${missing.join(', ')}.`;
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
