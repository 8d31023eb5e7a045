import { expect } from 'vitest';
import type { Job } from '../../src/domain/job.ts';
import type { Receiver } from '../../src/domain/notification/request.ts';
import type { NotificationToAccept } from '../../src/usecases/accept-notification.ts';
import type { NotificationFixture } from './notification-fixture.ts';

/** One error as its integrator reads it, for whom, and of which scope its problem is. */
export interface Told {
  readonly receivers: readonly Receiver[];
  readonly code: string;
  readonly description: string;
  readonly status: string;
  readonly scope: 'notification' | 'merchant' | 'recipient';
}

export const ofUser = (userId: string, code: string, description: string, status: string): Told => ({
  receivers: [{ merchantId: 'm1', userIds: [userId] }],
  code,
  description,
  status,
  scope: 'recipient',
});

export const ofMerchant = (merchantId: string, code: string, description: string, status: string): Told => ({
  receivers: [{ merchantId, userIds: [] }],
  code,
  description,
  status,
  scope: 'merchant',
});

/** Runs a batch to its end and compares everything that it tells about its errors, in whatever order they went out. */
export type ExpectTold = (
  receivers: readonly Receiver[],
  content: Partial<NotificationToAccept>,
  told: readonly Told[],
) => Promise<{ readonly job: Job; readonly closed: Awaited<ReturnType<NotificationFixture['run']>> }>;

export function createExpectTold(bench: NotificationFixture): ExpectTold {
  return async (receivers, content, told) => {
    const job = await bench.accept(receivers, content);
    const closed = await bench.run(job);
    const callbacks = bench.integrator.received.map(({ body }) => ({ receivers: body.receivers, errors: body.errors }));
    const expected = told.map(({ scope: _scope, receivers: narrowed, ...error }) => ({
      receivers: narrowed,
      errors: [{ ...error, requestId: job.id }],
    }));
    expect(callbacks).toHaveLength(expected.length);
    expect(callbacks).toEqual(expect.arrayContaining(expected));
    const listed = (await bench.errors(job)).map(({ code, description, status, problem }) => ({
      code,
      description,
      status,
      scope: problem?.scope,
    }));
    expect(listed).toHaveLength(told.length);
    expect(listed).toEqual(
      expect.arrayContaining(
        told.map(({ code, description, status, scope }) => ({
          code,
          description,
          status: Number(status.slice(0, 3)),
          scope,
        })),
      ),
    );
    return { job, closed };
  };
}
