import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Failure } from '../../../../src/domain/failure.ts';
import { applyUpdate, type Job } from '../../../../src/domain/job.ts';
import { applyStatus, type KnownSend } from '../../../../src/domain/message/apply-status.ts';
import { decideAfterFailure } from '../../../../src/domain/message/decide.ts';
import { recordFailure } from '../../../../src/domain/message/outcome.ts';
import type { ProviderStatus } from '../../../../src/domain/message/status-merge.ts';
import { someWhatsappSettings } from '../../../support/a-channel.ts';
import { aFailure } from '../../../support/a-failure.ts';
import { aJob, aProblem, after, noon } from '../../../support/a-job.ts';

interface Word {
  readonly id: string;
  readonly status: ProviderStatus;
}

interface Message {
  readonly job: Job;
  readonly sends: readonly KnownSend[];
  /** The part whose send has no id here yet; the words call it `late`. */
  readonly partInDoubt: number;
  readonly partInFlight?: number | null;
}

const settings = someWhatsappSettings();
const permanent = aFailure({ source: 'whatsapp', class: 'permanent', code: 'whatsapp_131051' });
const passing = aFailure({ source: 'whatsapp', class: 'transient', code: 'whatsapp_131057' });

/** Applies words one after the other as the store does, without its database. */
function fold(start: Message, words: readonly Word[], failure: Failure = permanent) {
  let { job, sends } = start;
  const timeline: string[] = [];
  for (const { id, status } of words) {
    const { numRetries, statusWindowSeconds } = settings;
    // As if WhatsApp had said `sent`, then `failed`, then `delivered`, in whatever order they come.
    const isOvertaken = status === 'sent';
    const bounds = { isOvertaken, partInDoubt: start.partInDoubt, partInFlight: start.partInFlight ?? null, now: noon };
    const verdict = applyStatus({
      job,
      sends,
      providerMessageId: id,
      status,
      occurredAt: noon,
      ...bounds,
      numRetries,
      statusWindowSeconds,
    });
    const { send } = verdict;
    if (send !== null) sends = [...sends.filter((other) => other.providerMessageId !== id), send];
    const change = verdict.kind === 'refused' ? refuse(verdict.job, failure) : verdict.change;
    if (verdict.kind !== 'nothing') job = applyUpdate(verdict.job, change.set, noon);
    timeline.push(...change.timeline.map(({ type }) => type));
  }
  return { job, sends, timeline };
}

function refuse(job: Job, failure: Failure) {
  const decision = decideAfterFailure({
    failure,
    retriesUsed: job.retriesUsed,
    limits: settings,
    nowMs: noon.getTime(),
    expiresAtMs: job.expiresAt.getTime(),
    random: () => 0.5,
    throttledInARow: 0,
    attempts: job.attempts,
    isNotice: false,
    alreadyInformedGroup: true,
    outage: null,
  });
  const { code, source } = failure;
  const problem = aProblem({ code, source, class: failure.class });
  return recordFailure({ job, problem, decision, now: noon, numRetries: settings.numRetries, userInformed: false });
}

const taken = (id: string, part: number): KnownSend => ({ providerMessageId: id, part, state: 'accepted' });

function acceptedMessage(parts: number): Message {
  const ids = Array.from({ length: parts }, (_, part) => `wamid.${part}`);
  const job = aJob({
    state: 'accepted',
    partsTotal: parts,
    partsAccepted: parts,
    providerMessageIds: ids,
    attempts: 1,
  });
  return { job: { ...job, statusUntil: after(60_000) }, sends: ids.map(taken), partInDoubt: 0 };
}

/** The last part is on the wire, or its answer was lost: its id is not known here. */
function messageInDoubt(parts: number, members: Partial<Job>): Message {
  const { job, sends } = acceptedMessage(parts);
  const known = sends.slice(0, -1);
  const ids = known.map(({ providerMessageId }) => providerMessageId);
  const unsettled = { ...job, partsAccepted: parts - 1, providerMessageIds: ids, statusUntil: null, ...members };
  return { job: unsettled, sends: known, partInDoubt: parts - 1 };
}

const starts: readonly Message[] = [1, 2, 3].flatMap((parts) => [
  acceptedMessage(parts),
  messageInDoubt(parts, { state: 'sending' }),
  messageInDoubt(parts, { state: 'held', isOutcomeUnknown: true, error: aProblem(), nextAttemptAt: noon }),
]);

const idsOf = ({ job, sends }: Message) =>
  Array.from(
    { length: job.partsTotal },
    (_, part) => sends.find((send) => send.part === part)?.providerMessageId ?? 'late',
  );

function recordOf({ job }: { readonly job: Job }) {
  const { state, terminal, deliveryConfirmed, providerMessageIds, error } = job;
  return { state, terminal, deliveryConfirmed, ids: providerMessageIds.toSorted(), error: error?.code ?? null };
}

/** Words about a message's sends, and the same in another order with some of them twice. */
function histories(statuses: readonly ProviderStatus[]) {
  return fc.constantFrom(...starts).chain((start) => {
    const word = fc.record({ id: fc.constantFrom(...idsOf(start)), status: fc.constantFrom(...statuses) });
    return fc.array(word, { minLength: 1, maxLength: 8 }).chain((words) => {
      const twice = [...words, ...words];
      const other = fc.shuffledSubarray(twice, { minLength: words.length }).map((some) => [...some, ...words]);
      return fc.tuple(
        fc.constant(start),
        fc.constant(words),
        other,
        fc.shuffledSubarray(twice, { minLength: twice.length }),
      );
    });
  });
}

describe('the statuses of a message', () => {
  it('lead to the same record in any order and however often they come', () => {
    fc.assert(
      fc.property(histories(['accepted', 'sent', 'delivered', 'read']), ([start, words, _repeated, shuffled]) => {
        expect(recordOf(fold(start, shuffled))).toEqual(recordOf(fold(start, words)));
      }),
      { numRuns: 500 },
    );
  });

  it('lead to the same record with a refusal among them, where every send is delivered in the end', () => {
    for (const failure of [permanent, passing]) {
      fc.assert(
        fc.property(histories(['sent', 'failed', 'delivered', 'read']), ([start, words, repeated, shuffled]) => {
          const proofs = idsOf(start).map((id) => ({ id, status: 'delivered' }) as const);
          const one = fold(start, [...words, ...proofs], failure);
          expect(['delivered', 'read']).toContain(one.job.state);
          expect(one.job).toMatchObject({ terminal: true, error: null, deliveryConfirmed: true });
          expect(recordOf(fold(start, [...proofs, ...shuffled], failure))).toEqual(recordOf(one));
          expect(recordOf(fold(start, [...repeated, ...proofs, ...shuffled], failure))).toEqual(recordOf(one));
        }),
        { numRuns: 300 },
      );
    }
  });

  it('lead to the same refusal in any order where the message is one send', () => {
    const single = starts.filter(({ job }) => job.partsTotal === 1);
    const words = fc.array(fc.constantFrom('accepted' as const, 'sent' as const, 'failed' as const), { minLength: 1 });
    const cases = fc.constantFrom(...single).chain((start) =>
      words.chain((list) => {
        const all = [...list, 'failed' as const].map((status) => ({ id: idsOf(start)[0] ?? '', status }));
        return fc.tuple(fc.constant(start), fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }));
      }),
    );
    for (const [failure, state] of [
      [permanent, 'failed'],
      [passing, 'held'],
    ] as const) {
      fc.assert(
        fc.property(cases, ([start, list, other]) => {
          expect(recordOf(fold(start, list, failure))).toMatchObject({ state, error: failure.code });
          expect(recordOf(fold(start, other, failure))).toEqual(recordOf(fold(start, list, failure)));
        }),
      );
    }
  });
});

describe('a refusal', () => {
  const id = 'wamid.0';

  it.each(['delivered', 'read'] as const)('that comes after "%s" is recorded and changes nothing', (status) => {
    const { job, timeline } = fold(acceptedMessage(1), [
      { id, status },
      { id, status: 'failed' },
    ]);
    expect(job).toMatchObject({ state: status, terminal: true, error: null });
    expect(timeline).toEqual([`message.${status}`, 'status.noted']);
  });

  it('of a send that was made again meanwhile does not make a third one', () => {
    // Once the word about the older send had the message sent again, though the newer one was on its way.
    const { job } = acceptedMessage(1);
    const twice = { job, sends: [taken(id, 0), taken('wamid.again', 0)], partInDoubt: 0 };
    expect(fold(twice, [{ id, status: 'failed' }], passing).job.state).toBe('accepted');
    const inFlight = {
      job: { ...job, state: 'sending' as const },
      sends: [taken(id, 0)],
      partInDoubt: 0,
      partInFlight: 0,
    };
    expect(fold(inFlight, [{ id, status: 'failed' }], passing).job.state).toBe('sending');
    const bothRefused = fold(
      twice,
      [
        { id, status: 'failed' },
        { id: 'wamid.again', status: 'failed' },
      ],
      passing,
    );
    expect(bothRefused.job.state).toBe('held');
  });

  it('under an id that nobody knows is of the message itself, unless an older send of it was in doubt', () => {
    const { job, sends } = acceptedMessage(1);
    const word = { id: 'wamid.unknown', status: 'failed' } as const;
    expect(fold({ job, sends, partInDoubt: 0 }, [word]).job.state).toBe('failed');
    const resent = { ...job, possibleDuplicate: true };
    expect(fold({ job: resent, sends, partInDoubt: 0 }, [word]).job.state).toBe('accepted');
  });

  it('of one part has that part sent again while another is on the wire', () => {
    const message = { ...messageInDoubt(2, { state: 'sending' }), partInFlight: 1 };
    expect(fold(message, [{ id, status: 'failed' }], passing).job.state).toBe('held');
  });
});
