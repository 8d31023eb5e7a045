import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyUpdate, type Job } from '../../../../src/domain/job.ts';
import { claimValidMs } from '../../../../src/domain/message/claim.ts';
import {
  holdForWindow,
  isFreeForm,
  judgeWindow,
  type KeptWindow,
  opensWindow,
  windowAt,
} from '../../../../src/domain/message/conversation-window.ts';
import { standsInLine, waitsForTurn } from '../../../../src/domain/message/turn.ts';
import { after, aJob, noon } from '../../../support/a-job.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const heard = (members: Partial<KeptWindow> = {}): KeptWindow => ({
  heardAt: noon,
  notedAt: noon,
  closedAt: null,
  templateId: null,
  ...members,
});

describe('the window of 24 hours', () => {
  it.each<[string, KeptWindow | null, number, string]>([
    ['is unknown while the person has never written', null, 0, 'unknown'],
    ['is open after a word', heard(), dayMs - 1, 'open'],
    ['is closed a day later', heard(), dayMs, 'closed'],
    ['is closed where Kernel says so', heard({ closedAt: after(hourMs) }), 2 * hourMs, 'closed'],
    [
      'is closed where Kernel says so of somebody who has never written',
      heard({ heardAt: null, closedAt: noon }),
      1,
      'closed',
    ],
  ])('%s', (_what, kept, laterMs, state) => {
    expect(windowAt(kept, after(laterMs)).state).toBe(state);
  });

  it.each([
    [{ type: 'text' }, true],
    [{ type: 'request_welcome' }, true],
    [{ type: 'system' }, false],
    [{ type: 'edit' }, false],
    [{ type: 'revoke' }, false],
  ])('is opened by %j: %s', (item, isOpened) => {
    expect(opensWindow(item)).toBe(isOpened);
  });
});

describe('a message while the window is closed', () => {
  const judge = (members: Partial<Parameters<typeof judgeWindow>[0]>) =>
    judgeWindow({
      policy: 'hold',
      window: heard(),
      isFreeForm: true,
      isUserNotice: false,
      now: after(dayMs),
      ...members,
    });
  it.each<[string, Partial<Parameters<typeof judgeWindow>[0]>, string]>([
    ['goes as ever under `send`', { policy: 'send' }, 'go'],
    ['waits under `hold`', {}, 'hold'],
    ['waits already for as long before the end as a call may take', { now: after(dayMs - claimValidMs) }, 'hold'],
    ['goes before that', { now: after(dayMs - claimValidMs - 1) }, 'go'],
    ['waits under `template`, which goes out once', { policy: 'template' }, 'hold_with_template'],
    ['and no second time', { policy: 'template', window: heard({ templateId: 'msg_2' }) }, 'hold'],
    ['ends under `fail`', { policy: 'fail' }, 'refuse'],
    ['goes where it is a template', { policy: 'fail', isFreeForm: false }, 'go'],
    ['goes where nothing is known', { policy: 'fail', window: null }, 'go'],
    ['ends where it tells of a failure', { isUserNotice: true }, 'refuse'],
  ])('%s', (_what, members, verdict) => {
    expect(judge(members)).toBe(verdict);
  });

  it('gives up its turn, waits until it expires, and is told once', () => {
    const held = applyUpdate(aJob({ state: 'queued', isOrdered: true }), holdForWindow(aJob()).set, noon);
    expect(held).toMatchObject({ state: 'held', waitingFor: { reason: 'window' }, wakeAt: held.expiresAt });
    expect(standsInLine(held)).toBe(false);
    expect(holdForWindow(held)).toMatchObject({ timeline: [], events: [] });
  });
});

/** What happens in a conversation, `gapMs` after what was before. */
interface Happening {
  readonly gapMs: number;
  readonly what: 'word' | 'text' | 'template';
  /** How long the call takes from its claim to the first byte. */
  readonly callMs: number;
  /** Workers that are killed between their claim and the call. */
  readonly killed: number;
}

const aroundADay = fc.integer({ min: dayMs - 40_000, max: dayMs + 40_000 });
const happening: fc.Arbitrary<Happening> = fc.record({
  gapMs: fc.oneof(aroundADay, fc.integer({ min: 0, max: 3 * hourMs }), fc.constant(0)),
  what: fc.constantFrom('word', 'text', 'text', 'template'),
  callMs: fc.integer({ min: 0, max: claimValidMs - 1 }),
  killed: fc.integer({ min: 0, max: 2 }),
});

/** Plays a conversation as the claims do: one message after the other, each judged right before its call. */
function play(policy: 'hold' | 'template', happenings: readonly Happening[]) {
  let now = noon;
  let window = heard();
  let jobs: Job[] = [];
  const seen: { readonly id: string; readonly type: string; readonly isOutside: boolean }[] = [];
  const put = (id: string, set: Partial<Job>) => {
    jobs = jobs.map((job) => (job.id === id ? { ...job, ...set } : job));
  };
  const accept = (type: string) => {
    const request = { whatsapp: { type } };
    jobs.push(aJob({ id: `msg_${jobs.length + 1}`, state: 'queued', request, expiresAt: after(1_000 * dayMs) }));
  };
  const send = ({ callMs }: Happening) => {
    for (;;) {
      const job = jobs.find(standsInLine);
      if (job === undefined) return;
      const { type } = (job.request as { whatsapp: { type: string } }).whatsapp; // cast: made by `accept`
      const isFree = isFreeForm({ type });
      const verdict = judgeWindow({ policy, window, isFreeForm: isFree, isUserNotice: false, now });
      if (verdict === 'hold' || verdict === 'hold_with_template') {
        put(job.id, applyUpdate(job, holdForWindow(job).set, now));
        if (verdict === 'hold_with_template') {
          window = { ...window, templateId: `template for ${job.id}` };
          seen.push({ id: window.templateId ?? '', type: 'template', isOutside: false });
        }
        continue;
      }
      const calledMs = now.getTime() + callMs;
      seen.push({ id: job.id, type, isOutside: calledMs - (window.heardAt?.getTime() ?? 0) >= dayMs });
      put(job.id, { state: 'accepted', waitingFor: null });
    }
  };
  const hear = () => {
    window = heard({ heardAt: now, notedAt: now });
    for (const { id } of jobs.filter(({ waitingFor }) => waitingFor?.reason === 'window'))
      put(id, { waitingFor: waitsForTurn });
  };
  for (const each of [...happenings, { gapMs: dayMs, what: 'word', callMs: 0, killed: 0 } as const]) {
    now = new Date(now.getTime() + each.gapMs);
    if (each.what === 'word') hear();
    else accept(each.what);
    // A claim whose worker is killed leaves nothing but its row, and is made again.
    for (let count = 0; count <= each.killed; count += 1) if (count === each.killed) send(each);
  }
  return { jobs, seen };
}

describe('1,000 conversations with gaps around 24 hours', () => {
  it.each(['hold', 'template'] as const)(
    'under `%s` Kernel sees no free-form message outside, and gets what was accepted, once and in order',
    (policy) => {
      fc.assert(
        fc.property(fc.array(happening, { minLength: 1, maxLength: 12 }), (happenings) => {
          const { jobs, seen } = play(policy, happenings);
          const texts = seen.filter(({ type }) => type === 'text');
          expect(texts.filter(({ isOutside }) => isOutside)).toEqual([]);
          const isText = ({ request }: Job) => JSON.stringify(request).includes('"text"');
          expect(texts.map(({ id }) => id)).toEqual(jobs.filter(isText).map(({ id }) => id));
          expect(new Set(seen.map(({ id }) => id)).size).toBe(seen.length);
          expect(jobs.filter(({ state }) => state !== 'accepted')).toEqual([]);
        }),
        { numRuns: 500 },
      );
    },
  );
});
