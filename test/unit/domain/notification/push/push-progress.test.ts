import { describe, expect, it } from 'vitest';
import { beginPushes, endPushPage, recordPushes } from '../../../../../src/domain/notification/push/push-progress.ts';
import type { WaitingFor } from '../../../../../src/domain/job.ts';
import { after, aJob, aProblem, noon } from '../../../../support/a-job.ts';

const counts = { receivers: 1, recipients: 10, delivered: 2, failed: 1, pending: 7, failedMerchants: 0 };
const waitingFor: WaitingFor = { reason: 'retry', until: after(60_000), detail: 'one waits' };
const batch = aJob({ kind: 'notification', state: 'running', attempts: 3, counts, waitingFor });
const progress = { attempts: 4, delivered: 3, failed: 2, failedMerchants: 1, problems: [] };

describe('the progress of a push batch', () => {
  it('is counted while its page runs, without a line in the timeline', () => {
    const problem = aProblem();
    const change = recordPushes(batch, { ...progress, problems: [problem] }, noon);
    expect(change.set).toEqual({
      counts: { ...counts, delivered: 5, failed: 3, pending: 2, failedMerchants: 1 },
      attempts: 7,
      waitingFor: null,
      nextAttemptAt: null,
      wakeAt: after(120_000),
    });
    expect([change.timeline, change.events, change.problems]).toEqual([[], [], [problem]]);
  });

  it('names the channel that the pushes go through', () => {
    expect(beginPushes(batch, 'chn_2', progress, noon).set).toMatchObject({ channelId: 'chn_2', attempts: 7 });
  });

  it('that comes after the end adds to the counts and wakes nobody', () => {
    const ended = { ...batch, state: 'cancelled' as const, terminal: true, counts: { ...counts, pending: 0 } };
    const { set } = recordPushes(ended, { ...progress, failed: 0 }, noon);
    expect(set).toEqual({
      attempts: 7,
      counts: { ...counts, delivered: 5, failed: 1, pending: 0, failedMerchants: 1 },
    });
  });

  it('ends with what those wait for who are left, and a wake-up a while after it', () => {
    const change = endPushPage({ delivered: 3, failed: 2, waitingFor }, noon);
    expect(change.set).toEqual({ waitingFor, nextAttemptAt: after(60_000), wakeAt: after(90_000) });
    expect(change.timeline).toEqual([{ type: 'notification.page', title: '3 recipients delivered, 2 failed' }]);
    const silent = endPushPage({ delivered: 0, failed: 0, waitingFor: null }, noon);
    expect([silent.timeline, silent.set.wakeAt]).toEqual([[], after(120_000)]);
  });
});
