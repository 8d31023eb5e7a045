import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { traceFault } from '../domain/fault-trace.ts';
import { describeCode } from '../domain/problems/catalogue.ts';

/** Faults of ours go to the log before they become Temporal failures, which must not hold their words. */
export interface FaultLog {
  /**
   * Writes one line with the fault's name, code and stack frames and the ids it concerns; returns the line's id. The same
   * error reported again is not written again.
   */
  report(fault: unknown, ids: Readonly<Record<string, unknown>>): string;
}

type WriteLine = (fields: Readonly<Record<string, unknown>>, message: string) => void;

export function createFaultLog(dependencies: {
  readonly log: { readonly error: WriteLine; readonly warn: WriteLine };
  readonly isOutage: (error: Error) => boolean;
  readonly createFaultId: () => string;
}): FaultLog {
  const { log, isOutage, createFaultId } = dependencies;
  const reported = new WeakMap<object, string>();
  return {
    report(fault, ids) {
      const known = typeof fault === 'object' && fault !== null ? reported.get(fault) : undefined;
      if (known !== undefined) return known;
      const faultId = createFaultId();
      if (typeof fault === 'object' && fault !== null) reported.set(fault, faultId);
      const fields = { faultId, ...ids, fault: traceFault(fault) };
      if (fault instanceof Error && isOutage(fault)) log.warn(fields, 'a dependency of ours is away');
      else log.error(fields, 'internal error');
      return faultId;
    },
  };
}

const namedIds = ['tenantId', 'jobId', 'jobIds', 'channelId', 'webhookId', 'deliveryId', 'erasureId'];

/** The ids in an activity's input. Ours are objects of ids, sizes and flags; anything else is left out. */
export function idsOf(args: readonly unknown[]): Record<string, unknown> {
  const [input] = args;
  if (typeof input !== 'object' || input === null) return {};
  return Object.fromEntries(Object.entries(input).filter(([name]) => namedIds.includes(name)));
}

/** Made for Temporal or by it, as against a fault. */
export function isTemporalsOwn(error: unknown): boolean {
  return error instanceof ApplicationFailure || error instanceof CancelledFailure;
}

/**
 * The one place where a fault of ours becomes a Temporal failure: `type` is a stable code, and the message is a title from
 * the catalogue, because Temporal keeps messages in clear and an error's own words may quote what people wrote.
 */
export function toApplicationFailure(error: unknown, isOutage: (error: Error) => boolean): ApplicationFailure {
  if (error instanceof ApplicationFailure) return error;
  const code = error instanceof Error && isOutage(error) ? 'store_unavailable' : 'internal_error';
  return ApplicationFailure.create({
    type: code,
    message: `${describeCode(code)?.title ?? code} (${traceFault(error).name})`,
    nonRetryable: false,
  });
}
