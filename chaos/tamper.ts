import type { JobSeen, RunRecord } from './record.ts';

/** Ways to falsify a good record; each has to be found. */
export const tamperings = [
  'extra-send',
  'lost-job',
  'late-send',
  'swapped-order',
  'false-state',
  'backward-event',
  'lost-kpi',
  'lost-webhook',
  'double-row',
  'lost-report',
  'failed-task',
] as const;
export type Tampering = (typeof tamperings)[number];

/** The record with one thing wrong in it; throws where the run has nothing to falsify in that way. */
export function tamper(record: RunRecord, tampering: Tampering): RunRecord {
  const jobs = [...record.jobs];
  const change = (wanted: (each: JobSeen) => boolean, changed: (each: JobSeen) => JobSeen): RunRecord => {
    const at = jobs.findIndex(wanted);
    const found = jobs[at];
    if (found === undefined) throw new Error(`This run has nothing for "${tampering}".`);
    jobs[at] = changed(found);
    return { ...record, jobs };
  };
  const isOneSend = ({ job, sends, isConfirmed }: JobSeen) =>
    isConfirmed && sends.length === 1 && job !== null && !job.possibleDuplicate;
  switch (tampering) {
    case 'extra-send':
      return change(isOneSend, (each) => ({
        ...each,
        sends: [...each.sends, { at: Date.now(), wentOut: true, outcome: 'accepted' }],
      }));
    case 'lost-job':
      return change(isOneSend, (each) => ({ ...each, job: null }));
    case 'late-send':
      return change(isOneSend, (each) => ({ ...each, cancelledMs: (each.sends[0]?.at ?? 0) - 1 }));
    case 'swapped-order':
      return change(
        ({ submission, sends }) => submission.kind === 'message' && submission.waitsFor !== null && sends.length > 0,
        (each) => ({ ...each, sends: [{ at: 1, wentOut: true, outcome: 'accepted' }, ...each.sends.slice(1)] }),
      );
    case 'false-state':
      return change(isOneSend, (each) => ({ ...each, isConfirmed: false }));
    case 'backward-event': {
      const event = record.events.find(({ type }) => type === 'message.accepted');
      return event === undefined ? record : { ...record, events: [...record.events, event] };
    }
    case 'lost-kpi': {
      const id = jobs.find(isOneSend)?.id;
      return { ...record, kpi: record.kpi.filter(({ jobId }) => jobId !== id) };
    }
    case 'lost-webhook':
      return { ...record, webhookIds: new Set([...record.webhookIds].slice(1)) };
    case 'double-row':
      return { ...record, inbox: record.inbox.map((row, index) => (index === 0 ? { ...row, rows: 2 } : row)) };
    case 'failed-task':
      return { ...record, failedTasks: jobs.slice(0, 1).map(({ id }) => id) };
    case 'lost-report':
      return { ...record, reported: new Set([...record.reported].slice(1)) };
  }
}
