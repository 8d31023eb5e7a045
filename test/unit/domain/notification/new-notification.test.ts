import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { acceptNotification, type NewNotification } from '../../../../src/domain/notification/new-notification.ts';
import { countRecipients } from '../../../../src/domain/notification/request.ts';
import { judgeBatch } from '../../../../src/domain/notification/progress.ts';

const now = new Date('2026-03-01T10:00:00.000Z');
const later = new Date('2026-03-01T11:00:00.000Z');

function accept(more: Partial<NewNotification> = {}) {
  const receivers = [
    { merchantId: 'm', userIds: ['a', 'b', 'a'] },
    { merchantId: 'n', userIds: [] },
  ];
  return acceptNotification(
    {
      id: 'ntf_1',
      tenantId: 'ten_1',
      integration: 'erp',
      externalId: null,
      sendAt: null,
      expiresAt: null,
      request: { envelope: {}, receivers },
      origin: 'api',
      requestId: null,
      ...more,
    },
    now,
  );
}

describe('accepting a notification', () => {
  it('queues it, to be done within 24 hours, and counts a user named twice once', () => {
    const { job, change } = accept();
    expect(job).toMatchObject({ kind: 'notification', state: 'queued', integration: 'erp', terminal: false });
    expect(job.expiresAt.toISOString()).toBe('2026-03-02T10:00:00.000Z');
    expect(job.counts).toEqual({
      receivers: 2,
      recipients: 2,
      delivered: 0,
      failed: 0,
      pending: 2,
      failedMerchants: 0,
    });
    expect(change.events).toEqual([]);
  });

  it('schedules it when its time is to come, and gives it its life from then on', () => {
    const { job } = accept({ sendAt: later });
    expect(job).toMatchObject({ state: 'scheduled', wakeAt: later, waitingFor: { reason: 'schedule', until: later } });
    expect(job.expiresAt.toISOString()).toBe('2026-03-02T11:00:00.000Z');
    expect(judgeBatch(job, now)).toBe('early');
    expect(judgeBatch(job, later)).toBe('start');
    expect(judgeBatch(job, job.expiresAt)).toBe('expired');
  });

  it('takes a past time for now', () => {
    expect(accept({ sendAt: new Date(0) })).toMatchObject({ job: { state: 'queued' } });
  });

  it('counts recipients as distinct pairs of merchant and user', () => {
    const id = fc.constantFrom('a', 'b', 'c', 'a","b');
    const receivers = fc.array(fc.record({ merchantId: id, userIds: fc.array(id) }));
    fc.assert(
      fc.property(receivers, (list) => {
        const pairs = list.flatMap(({ merchantId, userIds }) =>
          userIds.map((userId) => JSON.stringify([merchantId, userId])),
        );
        expect(countRecipients(list)).toBe(new Set(pairs).size);
      }),
    );
  });
});
