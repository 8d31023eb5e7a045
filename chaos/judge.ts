import type { JobSeen, RunRecord } from './record.ts';
import { findBackwardEvents, findOutOfOrder } from './sequence.ts';

/** What may not happen, each with the ids where it did. */
export interface Verdict {
  readonly accepted: number;
  readonly final: number;
  readonly duplicatedMarked: number;
  readonly lost: readonly string[];
  readonly duplicatedUnmarked: readonly string[];
  readonly sentAfterCancel: readonly string[];
  readonly sentAfterExpiry: readonly string[];
  readonly outOfOrder: readonly string[];
  readonly wrongFinalState: readonly string[];
  readonly wentBackwards: readonly string[];
  readonly missingKpi: readonly string[];
  readonly missingWebhook: readonly string[];
  readonly missingReport: readonly string[];
  readonly failedTasks: readonly string[];
}

/** A claim may be so old when its send goes out (`claimValidMs` of the product); nobody can call it back. */
const claimValidMs = 8_000;

/** Compares what the product says of a run with what the stand-ins saw of it. */
export function judge(record: RunRecord): Verdict {
  const messages = record.jobs.filter(({ submission }) => submission.kind === 'message');
  const ids = (jobs: readonly JobSeen[]) => jobs.map(({ id }) => id);
  const duplicates = messages.filter(({ sends }) => sends.filter(({ wentOut }) => wentOut).length > 1);
  return {
    accepted: record.jobs.length,
    final: record.jobs.filter(({ job }) => job?.terminal === true).length,
    duplicatedMarked: duplicates.filter(({ job }) => job?.possibleDuplicate === true).length,
    lost: ids(record.jobs.filter(({ job }) => job?.terminal !== true)),
    duplicatedUnmarked: [...ids(duplicates.filter((each) => !isExplained(each, record))), ...findDoubleRows(record)],
    sentAfterCancel: ids(messages.filter(({ cancelledMs, sends }) => isAnyAfter(sends, cancelledMs))),
    sentAfterExpiry: ids(
      messages.filter(({ expiresMs, sends }) =>
        isAnyAfter(sends, expiresMs === null ? null : expiresMs + claimValidMs),
      ),
    ),
    outOfOrder: findOutOfOrder(messages),
    wrongFinalState: ids([...messages.filter(isWrong), ...record.jobs.filter((each) => isWrongBatch(each, record))]),
    wentBackwards: findBackwardEvents(record.events),
    missingKpi: ids(messages.filter((each) => isKpiMissing(each, record))),
    missingWebhook: record.events.filter(({ id }) => !record.webhookIds.has(id)).map(({ id, type }) => `${id} ${type}`),
    missingReport: findUnreported(record),
    failedTasks: record.failedTasks,
  };
}

/** True where nothing happened that may not happen. */
export function isClean(verdict: Verdict): boolean {
  return Object.values(verdict).every((value) => !Array.isArray(value) || value.length === 0);
}

/** Marked; or Kernel took it, refused it later by callback, and so it was rightly sent again. */
function isExplained({ id, job, sends }: JobSeen, { kpi }: RunRecord): boolean {
  if (job?.possibleDuplicate === true) return true;
  const refusedLater = kpi.filter(({ jobId, event }) => jobId === id && event === 'whatsapp_error').length;
  return sends.filter(({ wentOut }) => wentOut).length <= 1 + refusedLater;
}

function isAnyAfter(sends: JobSeen['sends'], ms: number | null): boolean {
  return ms !== null && sends.some(({ at }) => at > ms);
}

/** The stand-in confirmed it, and the record says otherwise; or the other way round. */
function isWrong({ job, isConfirmed, sends }: JobSeen): boolean {
  if (job === null) return false; // counted as lost
  const isArrived = job.state === 'delivered' || job.state === 'read';
  // An end that came before the word of it keeps its name.
  const isEnded = job.state === 'cancelled' || job.state === 'expired';
  if (isArrived !== isConfirmed && !(isEnded && isConfirmed)) return true;
  if ((job.state === 'accepted' || job.state === 'sent') && sends.length === 0) return true;
  return job.state === 'failed' && job.error === null;
}

function isWrongBatch({ submission, job, id }: JobSeen, { inbox }: RunRecord): boolean {
  if (submission.kind !== 'notification' || job === null) return false;
  const stored = new Set(inbox.filter(({ jobId }) => jobId === id).map(({ userId }) => userId));
  const isStored = submission.known.every((userId) => stored.has(userId)) && stored.size === submission.known.length;
  const { delivered = -1, failed = -1 } = job.counts ?? {};
  return !isStored || delivered !== submission.known.length || failed !== submission.unknown.length;
}

function findDoubleRows({ inbox }: RunRecord): string[] {
  return inbox.filter(({ rows }) => rows > 1).map(({ jobId, userId }) => `${jobId} ${userId}`);
}

function isKpiMissing({ id, job, attempts }: JobSeen, { kpi }: RunRecord): boolean {
  if (job === null) return false;
  const told = kpi.filter(({ jobId }) => jobId === id);
  const has = (event: string) => told.some((value) => value['event'] === event);
  const untold = attempts.some(
    ({ number, problem }) =>
      problem !== null && !told.some((value) => value['attempt'] === number && value['code'] === problem.code),
  );
  const outcome: Readonly<Record<string, string>> = {
    delivered: 'delivered',
    read: 'delivered',
    expired: 'expired',
    cancelled: 'cancelled',
    accepted: 'accepted',
    sent: 'accepted',
  };
  const wanted = outcome[job.state];
  if (wanted !== undefined && !has(wanted)) return true;
  return untold || (job.state === 'failed' && !told.some((value) => value['recoverable'] === false));
}

function findUnreported({ jobs, reported }: RunRecord): string[] {
  return jobs.flatMap(({ submission }) => {
    if (submission.kind !== 'notification') return [];
    const names = submission.unknown.map((userId) => `chaos-${submission.index} ${userId}`);
    return names.filter((name) => !reported.has(name));
  });
}
