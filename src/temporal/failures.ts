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
  /** Whether a dependency of ours was away, as against a fault in code or data; remembers that it was. */
  readonly isOutage: (error: unknown) => boolean;
  /** Remembers an outage that was noticed by other means than an error. */
  noteOutage(): void;
  /** Whether this process has seen one since. */
  sawOutageSince(at: Date): boolean;
}

type WriteLine = (fields: Readonly<Record<string, unknown>>, message: string) => void;

export function createFaultLog(dependencies: {
  readonly log: { readonly error: WriteLine; readonly warn: WriteLine };
  readonly isOutage: (error: Error) => boolean;
  readonly createFaultId: () => string;
  readonly clock: () => Date;
}): FaultLog {
  const { log, createFaultId, clock } = dependencies;
  const reported = new WeakMap<object, string>();
  let lastOutageMs = Number.NEGATIVE_INFINITY;
  function noteOutage(): void {
    lastOutageMs = clock().getTime();
  }
  function isOutage(error: unknown): boolean {
    const isOne = error instanceof Error && dependencies.isOutage(error);
    if (isOne) noteOutage();
    return isOne;
  }
  return {
    isOutage,
    noteOutage,
    sawOutageSince: (at) => lastOutageMs >= at.getTime(),
    report(fault, ids) {
      const known = typeof fault === 'object' && fault !== null ? reported.get(fault) : undefined;
      if (known !== undefined) return known;
      const faultId = createFaultId();
      if (typeof fault === 'object' && fault !== null) reported.set(fault, faultId);
      const fields = { faultId, ...ids, fault: traceFault(fault) };
      if (isOutage(fault)) log.warn(fields, 'a dependency of ours is away');
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

/** What the SDK's `CompleteAsyncError` says: the activity has told Temporal its end by itself. */
export function hasToldItsEnd(error: unknown): boolean {
  return error instanceof Error && error.name === 'CompleteAsyncError';
}

/** Made for Temporal or by it, as against a fault. */
export function isTemporalsOwn(error: unknown): boolean {
  return error instanceof ApplicationFailure || error instanceof CancelledFailure || hasToldItsEnd(error);
}

/** A fault in code or data is the same after a minute: what nothing else bounds is not tried hundreds of times an hour. */
const longestWaitMs = 300_000;

/**
 * The one place where a fault of ours becomes a Temporal failure: `type` is a stable code, and the message is a title from
 * the catalogue, because Temporal keeps messages in clear and an error's own words may quote what people wrote.
 * `attempt` counts from 1.
 */
export function toApplicationFailure(
  error: unknown,
  { isOutage, attempt }: { readonly isOutage: (error: unknown) => boolean; readonly attempt: number },
): ApplicationFailure {
  if (error instanceof ApplicationFailure) return error;
  const isOurOutage = error instanceof CancelledFailure || isOutage(error);
  const code = isOurOutage ? 'store_unavailable' : 'internal_error';
  const waitMs = Math.min(1_000 * 2 ** Math.min(attempt - 1, 20), longestWaitMs);
  return ApplicationFailure.create({
    type: code,
    message: `${describeCode(code)?.title ?? code} (${traceFault(error).name})`,
    nonRetryable: false,
    ...(!isOurOutage && { nextRetryDelay: waitMs }),
  });
}
