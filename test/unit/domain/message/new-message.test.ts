import { describe, expect, it } from 'vitest';
import { defaultTimeToLiveMs, startGraceMs } from '../../../../src/domain/acceptance.ts';
import { acceptMessage } from '../../../../src/domain/message/new-message.ts';
import { after, aNewMessage, noon } from '../../../support/a-job.ts';

describe('acceptMessage', () => {
  it('queues a plain message, and lets the sweep start it where its start was missed', () => {
    const { job, change } = acceptMessage(aNewMessage(), noon);
    expect(job).toMatchObject({ state: 'queued', waitingFor: null, attempts: 0, wakeAt: after(startGraceMs) });
    expect(job.expiresAt).toEqual(after(defaultTimeToLiveMs));
    expect(change).toMatchObject({ timeline: [{ type: 'message.queued' }], events: [] });
  });

  it('schedules what has a time, and counts the time-to-live from then', () => {
    const { job, change } = acceptMessage(aNewMessage({ sendAt: after(60_000) }), noon);
    expect(job).toMatchObject({
      state: 'scheduled',
      waitingFor: { reason: 'schedule', until: after(60_000) },
      wakeAt: after(60_000),
      expiresAt: after(60_000 + defaultTimeToLiveMs),
    });
    expect(change.events).toEqual(['message.scheduled']);
  });

  it('holds what stands behind another of its conversation, and does not start it', () => {
    const { job, change } = acceptMessage(aNewMessage({ isOrdered: true, isTurnTaken: true }), noon);
    expect(job).toMatchObject({ state: 'held', isOrdered: true, waitingFor: { reason: 'turn', until: null } });
    expect(job.wakeAt).toEqual(job.expiresAt);
    expect(change.events).toEqual(['message.held']);
  });

  it.each([-1, 0])('takes a sendAt of %i ms from now as now', (ms) => {
    expect(acceptMessage(aNewMessage({ sendAt: after(ms) }), noon).job.state).toBe('queued');
  });

  it.each([null, after(60_000)])(
    'holds a message for a paused channel until it resumes or expires (%s)',
    (expiresAt) => {
      const { job, change } = acceptMessage(aNewMessage({ isChannelPaused: true, expiresAt }), noon);
      expect(job).toMatchObject({ state: 'held', waitingFor: { reason: 'channel_paused', until: null } });
      expect(job.wakeAt).toEqual(job.expiresAt);
      expect(change.events).toEqual(['message.held']);
    },
  );

  it('lets a scheduled message wait for its time, whatever its channel does now', () => {
    const paused = aNewMessage({ isChannelPaused: true, sendAt: after(60_000) });
    expect(acceptMessage(paused, noon).job.state).toBe('scheduled');
  });

  it.each([
    ['typing', {}],
    ['endOfConversation', { isChannelPaused: true }],
    ['trace', { isOrdered: true, isTurnTaken: true }],
    ['event', { sendAt: after(60_000) }],
  ])('skips a %s activity at once: it waits for nothing, takes no turn and is never started', (type, members) => {
    const message = aNewMessage({ request: { activity: { type } }, ...members });
    const { job, change } = acceptMessage(message, noon);
    expect(job).toMatchObject({ state: 'skipped', terminal: true, finishedAt: noon, error: null, isOrdered: false });
    expect([job.wakeAt, job.waitingFor]).toEqual([null, null]);
    expect(change).toMatchObject({ timeline: [{ type: 'message.skipped' }], events: [], kpi: [] });
  });

  it('skips nothing native, which has no activity', () => {
    const native = aNewMessage({ request: { whatsapp: { type: 'text', text: { body: 'Hola' } } } });
    expect(acceptMessage(native, noon).job.state).toBe('queued');
  });
});
