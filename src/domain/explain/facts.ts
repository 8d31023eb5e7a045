import type { WaitFacts } from '../explain-wait.ts';
import type { Finding } from './explanation.ts';

/** The last call to an upstream; `outcome` null = it is under way, or its process died. */
export interface LastAttempt {
  readonly number: number;
  readonly startedAt: Date;
  readonly outcome: string | null;
  readonly httpStatus: number | null;
  readonly code: string | null;
}

/** A document about the job that its receiver has not taken. `isDisabled` = its endpoint is sent nothing. */
export interface Untold {
  readonly deliveryId: string;
  readonly kind: 'event' | 'error_callback';
  readonly state: 'pending' | 'failed' | 'disabled';
  readonly endpointId: string | null;
  readonly isDisabled: boolean;
  readonly code: string | null;
  readonly at: Date;
  readonly nextAttemptAt: Date | null;
}

/** Why recipients of a batch failed: an error with how many it is true of, and one of them. */
export interface BatchError {
  readonly code: string;
  readonly count: number;
  readonly merchantId: string | null;
  readonly userId: string | null;
}

/** A user whose error is that no device can be reached. */
export interface SilentUser {
  readonly merchantId: string;
  readonly userId: string;
  readonly isActive: boolean;
  readonly roles: readonly string[];
  readonly language: string;
  readonly isPushEnabled: boolean;
  readonly tokens: number;
}

/** What is known of a job across all objects, at `now`. */
export interface ExplainFacts extends WaitFacts {
  /** Whose turn it is, where the job waits for its own. */
  readonly ahead: { readonly id: string; readonly finding: Finding } | null;
  readonly lastAttempt: LastAttempt | null;
  /** The workers have versions, and none is current, in words for the middle of a sentence; null = nothing is wrong with it. */
  readonly version: string | null;
  /** What was asked and has not answered in time, in words for the middle of a sentence. */
  readonly silent: readonly string[];
  /** An operator has paused its activity in Temporal. */
  readonly isActivityPaused: boolean;
  /** The message of its group that failed for good. */
  readonly groupFailure: { readonly jobId: string; readonly code: string | null } | null;
  /** Null = it was not cancelled. */
  readonly cancelledBy: 'operator' | 'caller' | null;
  readonly untold: readonly Untold[];
  /** Most frequent first. */
  readonly batchErrors: readonly BatchError[];
  readonly silentUser: SilentUser | null;
  readonly directory: 'postgres' | 'http' | null;
  /** Page of the workflow in Temporal's Web UI; null = none has taken it up. */
  readonly workflowUrl: string | null;
}
