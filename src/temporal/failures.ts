import { ApplicationFailure } from '@temporalio/common';
import { describeCode } from '../domain/problems/catalogue.ts';

/**
 * The one place where a fault of ours becomes a Temporal failure: `type` is a stable code, and the message is a title from
 * the catalogue, because Temporal keeps messages in clear and an error's own words may quote what people wrote.
 */
export function toApplicationFailure(error: unknown, isOutage: (error: Error) => boolean): ApplicationFailure {
  if (error instanceof ApplicationFailure) return error;
  const code = error instanceof Error && isOutage(error) ? 'store_unavailable' : 'internal_error';
  const name = error instanceof Error ? error.name : typeof error;
  return ApplicationFailure.create({
    type: code,
    message: `${describeCode(code)?.title ?? code} (${name})`,
    nonRetryable: false,
  });
}
