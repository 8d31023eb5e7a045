/** Rows that an erasure took away; what hangs on a job (attempts, timeline, problems, files …) went with it, uncounted. */
export interface ErasedCounts {
  readonly messages: number;
  readonly inbound: number;
  readonly events: number;
  readonly kpiEvents: number;
  readonly deliveries: number;
  readonly statuses: number;
  readonly limits: number;
  readonly identities: number;
  /** Notices that stay, without what they said. */
  readonly notices: number;
}

export const nothingErased: ErasedCounts = {
  messages: 0,
  inbound: 0,
  events: 0,
  kpiEvents: 0,
  deliveries: 0,
  statuses: 0,
  limits: 0,
  identities: 0,
  notices: 0,
};

export function addErased(one: ErasedCounts, other: Partial<ErasedCounts>): ErasedCounts {
  return {
    messages: one.messages + (other.messages ?? 0),
    inbound: one.inbound + (other.inbound ?? 0),
    events: one.events + (other.events ?? 0),
    kpiEvents: one.kpiEvents + (other.kpiEvents ?? 0),
    deliveries: one.deliveries + (other.deliveries ?? 0),
    statuses: one.statuses + (other.statuses ?? 0),
    limits: one.limits + (other.limits ?? 0),
    identities: one.identities + (other.identities ?? 0),
    notices: one.notices + (other.notices ?? 0),
  };
}

/** How far an erasure is. `inFlight` = jobs on the wire that are erased when they end, counted up to 100. */
export interface ErasureState {
  readonly isComplete: boolean;
  /** Jobs are left that nobody has to wait for. */
  readonly hasMore: boolean;
  readonly inFlight: number;
  /** Opt-outs of which a hash remains. */
  readonly keptOptOuts: number;
  readonly erased: ErasedCounts;
}

export const remainders = [
  'jobs_not_yet_erased',
  'jobs_in_flight',
  'opt_outs',
  'audit_entry',
  'idempotency_answers',
  'late_statuses',
  'channel_pause_reasons',
  'workflow_histories',
  'copies_of_others',
  'backups',
] as const;

/** Something that is still kept of a number. `until` null = that is not ours to say. */
export interface Remainder {
  readonly what: (typeof remainders)[number];
  readonly why: string;
  readonly until: Date | null;
}

const answerKeptMs = 24 * 60 * 60 * 1000;

/** What is kept of a number after an erasure, as far as it has come, and why. */
export function describeRemainders(state: ErasureState, now: Date): readonly Remainder[] {
  return [
    ...describeWaiting(state),
    ...describeOptOuts(state),
    {
      what: 'audit_entry',
      why: 'It says that an erasure was asked for, by whom and when, and does not hold the number.',
      until: null,
    },
    {
      what: 'idempotency_answers',
      why: 'First answers to an Idempotency-Key stay sealed, so that a request that is repeated does not send again.',
      until: new Date(now.getTime() + answerKeptMs),
    },
    {
      what: 'late_statuses',
      why: 'Statuses that the provider still sends name the number. They find no message and are dropped a day later.',
      until: null,
    },
    {
      what: 'channel_pause_reasons',
      why: 'Where a message to the number paused its channel, the reason stays, in the words of the provider.',
      until: null,
    },
    {
      what: 'workflow_histories',
      why: 'They hold ids and sealed payloads, for as long as the retention of the Temporal namespace says.',
      until: null,
    },
    {
      what: 'copies_of_others',
      why: 'The provider, the bot, the KPI sink and webhook subscribers keep what they were sent.',
      until: null,
    },
    { what: 'backups', why: 'Copies of the database that were made before hold what it held then.', until: null },
  ];
}

function describeOptOuts({ keptOptOuts }: ErasureState): readonly Remainder[] {
  const why = 'What the person does not want to get is kept, with keyed hashes in place of the ids.';
  return keptOptOuts === 0 ? [] : [{ what: 'opt_outs', why, until: null }];
}

function describeWaiting({ isComplete, inFlight }: ErasureState): readonly Remainder[] {
  if (isComplete) return [];
  if (inFlight > 0) {
    const why = 'They are on the wire and cannot be cancelled any more. They are erased when they end.';
    return [{ what: 'jobs_in_flight', why, until: null }];
  }
  return [
    { what: 'jobs_not_yet_erased', why: 'A workflow is erasing them; ask again to see how far it is.', until: null },
  ];
}
