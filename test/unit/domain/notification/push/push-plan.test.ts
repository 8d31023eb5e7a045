import { describe, expect, it } from 'vitest';
import {
  describeRefused,
  inFlightMs,
  judgeSends,
  maxTries,
  type PastSend,
  planPush,
} from '../../../../../src/domain/notification/push/push-plan.ts';
import { after, noon } from '../../../../support/a-job.ts';

const devices = [
  { token: 't-a', deviceKey: 'a' },
  { token: 't-b', deviceKey: 'b' },
];
const minute = 60_000;

/** A send to device `a` that ended an hour ago, but for the members given. */
function past(members: Partial<PastSend> = {}): PastSend {
  return {
    id: 'att_1',
    ordinal: 0,
    deviceKey: 'a',
    outcome: 'retry',
    startedAt: after(-60 * minute),
    code: 'fcm_UNAVAILABLE',
    class: 'transient',
    ...members,
  };
}

function plan(sends: readonly PastSend[], members: Partial<Parameters<typeof planPush>[0]> = {}) {
  return planPush({ devices, past: sends, runStartedAt: after(-120 * minute), now: noon, ...members });
}

describe('what is next for a recipient', () => {
  it('is a send to every device, at first', () => {
    expect(plan([])).toEqual({
      next: 'send',
      sends: devices.map((device) => ({ ...device, tries: 0, mayRepeat: false })),
      refused: [],
    });
  });

  it('is nothing where one device has taken a push, also in an earlier run', () => {
    expect(plan([past({ outcome: 'rejected' }), past({ outcome: 'accepted', deviceKey: 'b' })])).toEqual({
      next: 'delivered',
    });
    expect(plan([past({ outcome: 'accepted' })], { runStartedAt: noon })).toEqual({ next: 'delivered' });
  });

  it('is to wait while a send may be on its way in another worker, and then to send again, marked', () => {
    const open = past({ outcome: null, code: null, class: null, startedAt: after(-inFlightMs + 1) });
    expect(plan([open])).toEqual({ next: 'wait', until: after(1) });
    const over = plan([{ ...open, startedAt: after(-inFlightMs) }]);
    expect(over).toMatchObject({
      next: 'send',
      sends: [
        { tries: 1, mayRepeat: true },
        { tries: 0, mayRepeat: false },
      ],
    });
  });

  it('is only what is left: a device that refused for good is not asked again', () => {
    expect(plan([past({ outcome: 'rejected', code: 'fcm_UNREGISTERED' })])).toEqual({
      next: 'send',
      sends: [{ ...devices[1], tries: 0, mayRepeat: false }],
      refused: ['fcm_UNREGISTERED'],
    });
    const both = [past({ outcome: 'rejected' }), past({ outcome: 'rejected', deviceKey: 'b', code: null })];
    expect(plan(both)).toEqual({ next: 'failed', refused: ['fcm_UNAVAILABLE', 'outcome_unknown'] });
  });

  it('is no sixth try; throttled, configuration and faults of our own do not count as one', () => {
    const tries = (count: number, members: Partial<PastSend> = {}) =>
      Array.from({ length: count }, () => past(members));
    const one = { devices: devices.slice(0, 1) };
    expect(plan(tries(maxTries - 1), one)).toMatchObject({ next: 'send', sends: [{ tries: maxTries - 1 }] });
    expect(plan(tries(maxTries), one)).toEqual({ next: 'failed', refused: ['fcm_UNAVAILABLE'] });
    for (const errorClass of ['throttled', 'configuration', 'policy'] as const) {
      expect(plan(tries(50, { class: errorClass }), one)).toMatchObject({ next: 'send', sends: [{ tries: 0 }] });
    }
    expect(plan(tries(50, { code: 'local_capacity' }), one)).toMatchObject({ sends: [{ tries: 0 }] });
  });

  it('begins anew with a run, which still knows what may have gone out', () => {
    const refused = [past({ outcome: 'rejected' }), past({ outcome: 'ambiguous', deviceKey: 'b' })];
    expect(plan(refused, { runStartedAt: noon })).toEqual({
      next: 'send',
      sends: [
        { ...devices[0], tries: 0, mayRepeat: false },
        { ...devices[1], tries: 0, mayRepeat: true },
      ],
      refused: [],
    });
  });

  it('is a failure where no device is left', () => {
    expect(plan([past()], { devices: [] })).toEqual({ next: 'failed', refused: [] });
  });
});

describe('what came of the sends to a recipient', () => {
  const accepted = { outcome: 'accepted' } as const;
  const refused = (code: string) => ({ outcome: 'refused', code }) as const;
  const retry = (retryAt: Date | null) => ({ outcome: 'retry', retryAt }) as const;

  it('is delivered where one device took it', () => {
    expect(judgeSends([refused('x'), accepted, retry(noon)], ['y'])).toEqual({ state: 'delivered' });
  });

  it('is pending while one is to be tried again, until the first of them is due', () => {
    expect(judgeSends([refused('x'), retry(after(5)), retry(after(2))], [])).toEqual({
      state: 'pending',
      dueAt: after(2),
    });
    // Null = as soon as the channel lets it, which is sooner than any time.
    expect(judgeSends([retry(after(5)), retry(null)], [])).toEqual({ state: 'pending', dueAt: null });
  });

  it('is failed with the codes of all devices, those refused before first', () => {
    expect(judgeSends([refused('x')], ['y'])).toEqual({ state: 'failed', refused: ['y', 'x'] });
    expect(describeRefused(['x'])).toBe('push was refused on the only token (x)');
    expect(describeRefused(['y', 'x', 'x'])).toBe('push was refused on all 3 tokens (y, x)');
  });
});
