// What the overview shows, worked out of the counts and lists that the API gives.
import type { Job, JobSummary } from '../shapes.ts';

export interface Bucket {
  readonly fromMs: number;
  readonly untilMs: number;
}

/** Equal parts of the time until now, oldest first; they begin at whole multiples, so that past ones stay the same. */
export function splitTime(nowMs: number, spanMs: number, count: number): Bucket[] {
  const lengthMs = spanMs / count;
  const end = Math.floor(nowMs / lengthMs) * lengthMs + lengthMs;
  return Array.from({ length: count }, (_, index) => ({
    fromMs: end - (count - index) * lengthMs,
    untilMs: end - (count - index - 1) * lengthMs,
  }));
}

const outcomes = {
  delivered: ['delivered', 'read', 'completed', 'accepted', 'sent'],
  failed: ['failed', 'expired', 'completed_with_errors'],
  open: ['scheduled', 'queued', 'held', 'sending', 'running', 'relaying'],
} as const;

export type Outcome = keyof typeof outcomes;

/** How many of one bucket's jobs have gone out, failed, or are still open. */
export function countOutcome(summary: JobSummary, outcome: Outcome): number {
  const states: readonly string[] = outcomes[outcome];
  return sum(summary.data.filter(({ state }) => states.includes(state ?? '')).map(({ count }) => count));
}

/** The most frequent error codes of all buckets, each with its count in each of them. */
export function countCodes(summaries: readonly JobSummary[], most: number): { code: string; counts: number[] }[] {
  const codes = new Map<string, number[]>();
  for (const [index, { data }] of summaries.entries()) {
    for (const { errorCode, count } of data) {
      if (errorCode === null || errorCode === undefined) continue;
      const counts = codes.get(errorCode) ?? summaries.map(() => 0);
      counts[index] = (counts[index] ?? 0) + count;
      codes.set(errorCode, counts);
    }
  }
  return [...codes]
    .map(([code, counts]) => ({ code, counts }))
    .toSorted((left, right) => sum(right.counts) - sum(left.counts))
    .slice(0, most);
}

/** Milliseconds from acceptance to the end of delivered messages, at the median and at the 95th percentile; null = none. */
export function measureDelivery(jobs: readonly Job[]): { medianMs: number; slowMs: number; count: number } | null {
  const times = jobs
    .flatMap(({ createdAt, sendAt, finishedAt }) =>
      finishedAt === null
        ? []
        : [Date.parse(finishedAt) - Math.max(Date.parse(createdAt), sendAt === null ? 0 : Date.parse(sendAt))],
    )
    .toSorted((left, right) => left - right);
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))];
  const medianMs = at(0.5);
  const slowMs = at(0.95);
  return medianMs === undefined || slowMs === undefined ? null : { medianMs, slowMs, count: times.length };
}

export function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}

export function describeMs(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 90_000) return `${(ms / 1_000).toFixed(1)} s`;
  return ms < 5_400_000 ? `${Math.round(ms / 60_000)} min` : `${(ms / 3_600_000).toFixed(1)} h`;
}
