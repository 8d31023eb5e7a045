import type { Problem } from '../problems/problem.ts';

export const deliveryStates = ['pending', 'delivered', 'failed', 'disabled'] as const;
export type DeliveryState = (typeof deliveryStates)[number];

/** What it carries. */
export const deliveryKinds = ['event', 'error_callback', 'kpi', 'test'] as const;
export type DeliveryKind = (typeof deliveryKinds)[number];

/** Kinds of endpoints that a relay of their own serves. */
export type EndpointKind = 'webhook' | 'kpi';

/** One call to the URL. `outcome` null = it is open, or its process died in it; the times and answers are null with it. */
export interface DeliveryAttempt {
  readonly number: number;
  readonly at: string;
  readonly durationMs: number | null;
  readonly httpStatus: number | null;
  readonly outcome: 'accepted' | 'retry' | 'rejected' | 'ambiguous' | null;
  readonly problem: Problem | null;
  readonly responseExcerpt: string | null;
}

/** One document on its way to one URL. `nextAttemptAt` null = none is planned. */
export interface Delivery {
  readonly id: string;
  readonly kind: DeliveryKind;
  readonly jobId: string | null;
  readonly eventId: string | null;
  readonly url: string;
  readonly state: DeliveryState;
  readonly attempts: readonly DeliveryAttempt[];
  readonly nextAttemptAt: Date | null;
  readonly error: Problem | null;
  readonly createdAt: Date;
}

/**
 * The attempts with a new open one. One that is open already belongs to a process that died or hangs: it may have gone out,
 * so it is closed as ambiguous, and whoever reads the list sees that the receiver may get this document twice.
 */
export function openAttempt(attempts: readonly DeliveryAttempt[], at: Date): readonly DeliveryAttempt[] {
  const known = attempts.map((attempt) =>
    attempt.outcome === null ? { ...attempt, outcome: 'ambiguous' as const } : attempt,
  );
  const opened: DeliveryAttempt = {
    number: attempts.length + 1,
    at: at.toISOString(),
    durationMs: null,
    httpStatus: null,
    outcome: null,
    problem: null,
    responseExcerpt: null,
  };
  return [...known, opened];
}

/** The attempts with the open one, which is the last, closed. */
export function closeAttempt(
  attempts: readonly DeliveryAttempt[],
  outcome: Omit<DeliveryAttempt, 'number' | 'at'>,
): readonly DeliveryAttempt[] {
  return attempts.map((attempt, index) => (index === attempts.length - 1 ? { ...attempt, ...outcome } : attempt));
}
