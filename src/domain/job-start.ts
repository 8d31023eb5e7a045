import type { Job, JobKind, JobOrigin } from './job.ts';

/** What is to be started of a job, once the transaction that made it due has committed. */
export interface JobStart {
  readonly id: string;
  readonly tenantId: string;
  readonly kind: JobKind;
  /** Null = it has none. */
  readonly channelId: string | null;
  /** Its workflow may be running: it is signalled, or started where none runs. */
  readonly isWake: boolean;
  /** An activity of it waits at Temporal; where an operator has paused that, it is left alone. */
  readonly isUnlessPaused: boolean;
  /** A message that was never attempted: it may make its first attempt together with others, in a page. */
  readonly isFirstAttempt: boolean;
  /** A person waits for it: what a user wrote, what the bot replied, and what tells a user about a failure. */
  readonly isAnswer: boolean;
}

// `lease_due_jobs` says the same in SQL.
const answering: ReadonlySet<JobOrigin> = new Set(['whatsapp', 'bot', 'user_notice']);

export function toJobStart(
  job: Pick<Job, 'id' | 'tenantId' | 'kind' | 'channelId' | 'attempts' | 'origin'>,
  { isWake, isUnlessPaused = false }: { readonly isWake: boolean; readonly isUnlessPaused?: boolean },
): JobStart {
  const { id, tenantId, kind, channelId, attempts, origin } = job;
  return {
    id,
    tenantId,
    kind,
    channelId,
    isWake,
    isUnlessPaused,
    isFirstAttempt: kind === 'message' && attempts === 0,
    isAnswer: answering.has(origin),
  };
}
