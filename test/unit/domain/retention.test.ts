import { describe, expect, it } from 'vitest';
import { addPurged, describePurged, expiresBefore, keptForMs, retentionRules } from '../../../src/domain/retention.ts';

const dayMs = 86_400_000;

describe('retention', () => {
  it('keeps what is for users and for the audit longer, and what only serves a day no longer than that', () => {
    expect(Object.fromEntries(retentionRules.map((rule) => [rule, keptForMs(rule, 30) / dayMs]))).toEqual({
      jobs: 30,
      events: 30,
      deliveries: 30,
      problems: 30,
      notices: 30,
      windows: 365,
      identities: 365,
      inboxes: 365,
      contents: 365,
      audit: 400,
      pair_limits: 1,
      parked_statuses: 1,
      first_answers: 1,
    });
  });

  it('never keeps an inbox or the audit for less than the jobs', () => {
    for (const rule of ['inboxes', 'contents', 'audit'] as const) expect(keptForMs(rule, 1_000)).toBe(1_000 * dayMs);
  });

  it('counts back from now', () => {
    expect(expiresBefore('jobs', 30, new Date('2026-03-31T10:00:00Z'))).toEqual(new Date('2026-03-01T10:00:00Z'));
  });

  it('adds up what went, and says it', () => {
    const purged = addPurged(addPurged({}, { events: 3, jobs: 1 }), { jobs: 2 });
    expect(purged).toEqual({ jobs: 3, events: 3 });
    expect(describePurged(purged)).toBe('6 rows: jobs 3, events 3');
    expect(describePurged({})).toBe('nothing');
  });
});
