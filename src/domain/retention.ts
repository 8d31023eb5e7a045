/** What is purged, each by a rule of its own: `list_expired` and `purge_expired` of the schema know them by these names. */
export const retentionRules = [
  'jobs',
  'events',
  'deliveries',
  'problems',
  'inboxes',
  'contents',
  'pair_limits',
  'parked_statuses',
  'first_answers',
  'identities',
  'notices',
  'windows',
  'audit',
] as const;
export type RetentionRule = (typeof retentionRules)[number];

const dayMs = 24 * 60 * 60 * 1000;
/** Users look into their centres, and come back to their bots, long after a job was of interest to anybody. */
const inboxDays = 365;
/** Last year's changes can be looked at until the review of the year is over. */
const auditDays = 400;

/**
 * How long a row is kept, counted from: the end of a job; the making of an event, delivery, problem, inbox entry, first
 * answer or audit entry; the last time that WhatsApp named a person, or told of their window; the coming of a notice, or of a status that finds no message; the end of a block.
 */
export function keptForMs(rule: RetentionRule, retentionDays: number): number {
  switch (rule) {
    case 'jobs':
    case 'events':
    case 'deliveries':
    case 'problems':
    case 'notices':
      return retentionDays * dayMs;
    case 'inboxes':
    case 'contents':
    case 'identities':
    case 'windows':
      return Math.max(inboxDays, retentionDays) * dayMs;
    case 'audit':
      return Math.max(auditDays, retentionDays) * dayMs;
    case 'pair_limits':
    case 'parked_statuses':
    case 'first_answers':
      return dayMs;
  }
}

/** What is older than this goes. */
export function expiresBefore(rule: RetentionRule, retentionDays: number, now: Date): Date {
  return new Date(now.getTime() - keptForMs(rule, retentionDays));
}

/** Rows that went, by rule; a rule of which none did is absent. */
export type PurgedCounts = Readonly<Partial<Record<RetentionRule, number>>>;

export function addPurged(one: PurgedCounts, other: PurgedCounts): PurgedCounts {
  const rules = retentionRules.filter((rule) => one[rule] !== undefined || other[rule] !== undefined);
  return Object.fromEntries(rules.map((rule) => [rule, (one[rule] ?? 0) + (other[rule] ?? 0)]));
}

/** For people: `1200 rows: jobs 1000, events 200`. */
export function describePurged(purged: PurgedCounts): string {
  const entries = Object.entries(purged);
  const total = entries.reduce((sum, [, count]) => sum + count, 0);
  return total === 0 ? 'nothing' : `${total} rows: ${entries.map(([rule, count]) => `${rule} ${count}`).join(', ')}`;
}
