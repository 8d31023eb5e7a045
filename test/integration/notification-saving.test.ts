import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Job } from '../../src/domain/job.ts';
import { type NotificationFixture, openNotificationFixture } from '../support/notification-fixture.ts';

let bench: NotificationFixture;
const users = Array.from({ length: 60 }, (_, index) => `u${index}`);
beforeAll(async () => {
  bench = await openNotificationFixture();
  await bench.register('m1', users);
});
afterAll(() => bench.close());
afterEach(() => bench.asOwner('drop trigger if exists picky on inbox_notification'));

/** A trigger of an operator that decides about each row; `body` is PL/pgSQL. */
async function installTrigger(body: string, timing = 'before insert'): Promise<void> {
  const kind = timing.startsWith('after') ? 'create constraint trigger' : 'create trigger';
  const deferral = timing.startsWith('after') ? 'deferrable initially deferred' : '';
  await bench.asOwner(`
    create sequence if not exists tries;
    grant usage on sequence tries to waypost_app;
    create or replace function judge_row() returns trigger language plpgsql as $$ begin ${body} return new; end $$;
    ${kind} picky ${timing} on inbox_notification ${deferral} for each row execute function judge_row()`);
}

async function storedUsers(job: Job): Promise<string[]> {
  const rows = await bench.tx((tx) =>
    tx.query<{ user_id: string }>({
      text: 'select user_id from inbox_notification where job_id = $1',
      values: [job.id],
    }),
  );
  return rows.map((row) => row.user_id);
}

describe('saving to the inbox', () => {
  it.each([
    ['raises at once', "if new.user_id in ('u7', 'u41') then raise exception 'not him'; end if;", 'before insert'],
    ['raises at the commit', "if new.user_id in ('u7', 'u41') then raise exception 'not him'; end if;", 'after insert'],
    ['drops the row in silence', "if new.user_id in ('u7', 'u41') then return null; end if;", 'before insert'],
  ])('saves all others when a trigger %s for some', async (_how, body, timing) => {
    await installTrigger(body, timing);
    const job = await bench.accept([{ merchantId: 'm1', userIds: users }]);
    await bench.run(job);
    const done = await bench.look(job);
    expect(done.state).toBe('completed_with_errors');
    expect(done.counts).toMatchObject({ delivered: 58, failed: 2, pending: 0, failedMerchants: 0 });
    expect((await storedUsers(job)).toSorted()).toEqual(users.filter((id) => id !== 'u7' && id !== 'u41').toSorted());
    const errors = await bench.errors(job);
    expect(errors.map(({ userId, code, status, description }) => ({ userId, code, status, description }))).toEqual(
      ['u7', 'u41'].map((userId) => ({
        userId,
        code: 'unable_to_save_custom_notification',
        status: 500,
        description: `Unable to save notification for user ${userId} of merchant m1.`,
      })),
    );
    const told = bench.integrator.received.filter(({ body: { requestId } }) => requestId === job.id);
    expect(told.map((callback) => callback.body.receivers[0]?.userIds)).toEqual(
      expect.arrayContaining([['u7'], ['u41']]),
    );
    expect(JSON.stringify(errors)).not.toContain('not him');
  });

  it('gets a row in that the database refuses at first', async () => {
    await installTrigger("if new.user_id = 'u9' and nextval('tries') < 3 then raise exception 'later'; end if;");
    const job = await bench.accept([{ merchantId: 'm1', userIds: ['u9'] }]);
    await bench.run(job);
    expect(await bench.look(job)).toMatchObject({ state: 'completed', counts: { delivered: 1, failed: 0 } });
  });

  it('stores nothing twice when a page, the opening and the whole run happen again', async () => {
    const job = await bench.accept([
      { merchantId: 'm1', userIds: [...users, 'nobody', ...users] },
      { merchantId: 'm0', userIds: [] },
    ]);
    const reference = { tenantId: bench.tenantId, jobId: job.id };
    const { activities } = bench;
    await Promise.all([activities.openBatch(reference), activities.openBatch(reference)]);
    const page = { ...reference, fromOrdinal: 0, size: 50 };
    await Promise.all([activities.processPage(page), activities.processPage(page)]);
    await activities.processPage(page);
    await Promise.all([activities.prepareErrorCallbacks(reference), activities.openBatch(reference)]);
    await bench.run(job, 50);
    await bench.run(job, 50);
    const done = await bench.look(job);
    expect(done.counts).toEqual({
      receivers: 2,
      recipients: 61,
      delivered: 60,
      failed: 1,
      pending: 0,
      failedMerchants: 1,
    });
    expect(await storedUsers(job)).toHaveLength(60);
    expect(new Set(await storedUsers(job)).size).toBe(60);
    expect(await bench.errors(job)).toHaveLength(2);
    const problems = await bench.tx((tx) =>
      tx.query({ text: 'select id from problem where job_id = $1', values: [job.id] }),
    );
    expect(problems).toHaveLength(2);
    const events = await bench.tx((tx) =>
      tx.query({ text: 'select type from event where job_id = $1', values: [job.id] }),
    );
    expect(events).toEqual([{ type: 'notification.completed_with_errors' }]);
  });
});
