import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Subjects } from '../../bench/scenarios/lists/calls.ts';
import { jobFilter, jobListQuery, jobSummaryQuery } from '../../src/contracts/http/jobs.ts';
import { countJobs } from '../../src/store/job-summary.ts';
import { fillTenant } from '../support/filled-tenant.ts';
import { refusalOf, startTestApp, type TestApp } from '../support/test-app.ts';

const fillTimeoutMs = 120_000;

interface Listed {
  readonly id: string;
  readonly kind: string;
  readonly state: string;
  readonly to: string | null;
  readonly channelId: string | null;
  readonly label: string | null;
  readonly integration: string | null;
  readonly providerMessageIds: readonly string[];
  readonly error: { readonly code: string } | null;
  readonly createdAt: string;
}

let test: TestApp;
let subjects: Subjects;
let all: readonly Listed[];

beforeAll(async () => {
  test = await startTestApp();
  // More than one filter looks through for another at once, so that pages end before they are full.
  subjects = await fillTenant(test, { finished: 8_000, waiting: 1_000 });
  all = (await readAll({})).jobs;
}, fillTimeoutMs);
afterAll(() => test.close());

async function readAll(filter: Readonly<Record<string, string>>) {
  const jobs: Listed[] = [];
  let pages = 0;
  for (let cursor = ''; ;) {
    const query = new URLSearchParams({ ...filter, limit: '200', ...(cursor !== '' && { cursor }) });
    const answer = await test.call(`GET /v1/jobs?${query.toString()}`);
    expect(answer.status, answer.text).toBe(200);
    const page = answer.body as { data: Listed[]; nextCursor: string | null }; // cast: the API's contract
    jobs.push(...page.data);
    pages += 1;
    if (page.nextCursor === null) return { jobs, pages };
    cursor = page.nextCursor;
  }
}

const idsOf = (jobs: readonly Listed[]) => jobs.map(({ id }) => id);

describe('jobs narrowed by several filters', () => {
  it.each<[Readonly<Record<string, string>>, (job: Listed) => boolean]>([
    [{ kind: 'message', state: 'cancelled' }, (job) => job.kind === 'message' && job.state === 'cancelled'],
    [{ kind: 'inbound', state: 'delivered' }, () => false],
    [
      { state: 'failed', errorCode: 'rendering_failed' },
      (job) => job.state === 'failed' && job.error?.code === 'rendering_failed',
    ],
    [{ kind: 'message', to: '34600000000' }, (job) => job.kind === 'message' && job.to === '+34600000000'],
    [{ state: 'delivered', to: ' 34600000000' }, (job) => job.state === 'delivered' && job.to === '+34600000000'],
    [{ state: 'accepted', kind: 'message' }, (job) => job.kind === 'message' && job.state === 'accepted'],
    [{ label: 'spring' }, (job) => job.label === 'spring'],
    [{ label: 'small', state: 'delivered' }, (job) => job.label === 'small' && job.state === 'delivered'],
    [{ integration: 'erp', state: 'completed' }, (job) => job.integration === 'erp' && job.state === 'completed'],
    [{ integration: 'other' }, () => false],
  ])('%o gives just those of all that match, in the order of all', async (filter, matches) => {
    expect(idsOf((await readAll(filter)).jobs)).toEqual(idsOf(all.filter(matches)));
  });

  it('end pages before they are full where no filter alone is narrow, and still come to an end', async () => {
    const [busy = ''] = subjects.channelIds;
    // More than 2,500 of the channel, more than 2,500 delivered, and no inbound message is ever delivered.
    const { jobs, pages } = await readAll({ channelId: busy, state: 'delivered', kind: 'inbound' });
    expect([jobs, pages]).toEqual([[], 2]);
    const filter = { channelId: busy, kind: 'inbound', createdBefore: all[0]?.createdAt ?? '' };
    const expected = all.filter(({ channelId, kind }) => channelId === busy && kind === 'inbound');
    expect(expected.length).toBeGreaterThan(100);
    expect(idsOf((await readAll(filter)).jobs)).toEqual(idsOf(expected));
  });

  it('by times leave out both ends', async () => {
    const [newer, older] = [all[100]?.createdAt ?? '', all[140]?.createdAt ?? ''];
    const { jobs } = await readAll({ createdAfter: older, createdBefore: newer });
    expect(idsOf(jobs)).toEqual(idsOf(all.slice(101, 140)));
  });
});

describe('jobs found by who they were for', () => {
  const idsBy = async (filter: Readonly<Record<string, string>>) => idsOf((await readAll(filter)).jobs);

  it('give the notifications of a user and of a merchant', async () => {
    const { batchId } = subjects;
    expect(await idsBy({ userId: 'user-7' })).toEqual([batchId]);
    expect(await idsBy({ userId: 'user-7', merchantId: 'merchant-0' })).toEqual([batchId]);
    expect(await idsBy({ userId: 'user-7', merchantId: 'merchant-0', state: 'completed_with_errors' })).toEqual([
      batchId,
    ]);
    expect(await idsBy({ userId: 'user-7', merchantId: 'merchant-99' })).toEqual([]);
    expect(await idsBy({ userId: 'user-7', state: 'failed' })).toEqual([]);
    await insertReceiver('a-merchant');
    expect(await idsBy({ merchantId: 'a-merchant' })).toEqual([batchId]);
    expect(await idsBy({ merchantId: 'a-merchant', kind: 'message' })).toEqual([]);
  });

  it('give the message and the inbound message of a provider id', async () => {
    const inbound = all.find(({ kind }) => kind === 'inbound');
    expect(await idsBy({ providerMessageId: inbound?.providerMessageIds[0] ?? '' })).toEqual([inbound?.id]);
    const message = all.find(({ kind, state }) => kind === 'message' && state === 'delivered');
    await insertPart('wamid.one-of-two', message?.id ?? '');
    expect(await idsBy({ providerMessageId: 'wamid.one-of-two' })).toEqual([message?.id]);
    expect(await idsBy({ providerMessageId: 'wamid.one-of-two', state: 'failed' })).toEqual([]);
    expect(await idsBy({ providerMessageId: 'wamid.of-nobody' })).toEqual([]);
  });

  it('give what went to a group by its id', async () => {
    const groupId = 'Y2FwaV9ncm91cDoxOTUwNTU1MDA3OToxMjAz';
    const [channelId] = subjects.channelIds;
    const body = { channelId, to: groupId, recipientType: 'group', activity: { type: 'message', text: 'Hi' } };
    const { id } = (await test.call('POST /v1/messages', { body })).body as Listed; // cast: the API's contract
    expect(await idsBy({ to: groupId })).toEqual([id]);
  });

  const run = (text: string, values: unknown[]) =>
    test.database.transactions.withTenant(test.tenantId, (tx) => tx.execute({ text, values }));
  const insertReceiver = (merchantId: string) =>
    run('insert into receiver (tenant_id, job_id, ordinal, merchant_id, user_count) values ($1, $2, 900000, $3, 0)', [
      test.tenantId,
      subjects.batchId,
      merchantId,
    ]);
  const insertPart = (providerMessageId: string, jobId: string) =>
    run(
      "insert into message_part (tenant_id, provider_message_id, job_id, part, state) values ($1, $2, $3, 1, 'sent')",
      [test.tenantId, providerMessageId, jobId],
    );
});

describe('the summary of jobs', () => {
  const summarize = async (query: Readonly<Record<string, string>>) => {
    const answer = await test.call(`GET /v1/jobs/summary?${new URLSearchParams(query).toString()}`);
    expect(answer.status, answer.text).toBe(200);
    return answer.body as { data: Record<string, unknown>[]; countedSince: string | null }; // cast: the API's contract
  };
  const countBy = (jobs: readonly Listed[], groupOf: (job: Listed) => string | null) =>
    new Map(jobs.map((each) => [groupOf(each), jobs.filter((job) => groupOf(job) === groupOf(each)).length]));

  it('counts what the list shows, by state, error code, label and wait reason', async () => {
    const { jobs } = await readAll({ label: 'spring' });
    const byState = await summarize({ label: 'spring' });
    expect(new Map(byState.data.map(({ state, count }) => [state, count]))).toEqual(
      countBy(jobs, ({ state }) => state),
    );
    expect(byState.countedSince).toBeNull();
    const byCode = await summarize({ label: 'spring', state: 'failed', groupBy: 'errorCode' });
    const failed = jobs.filter(({ state }) => state === 'failed');
    expect(new Map(byCode.data.map(({ errorCode, count }) => [errorCode, count]))).toEqual(
      countBy(failed, ({ error }) => error?.code ?? null),
    );
    const held = await summarize({ state: 'held', groupBy: 'waitReason' });
    expect(new Set(held.data.map(({ waitReason }) => waitReason))).toEqual(new Set(['channel_paused', 'turn']));
    const labels = await summarize({ kind: 'inbound', groupBy: 'label' });
    expect(labels.data.map(({ label }) => label)).toEqual(expect.arrayContaining([null, 'spring']));
  });

  // `countedSince` was the time of a job that had been counted: others of its millisecond were counted by nobody.
  it('counts each job once where it counts on from where it stopped', async () => {
    const { transactions } = test.dependencies;
    const sharing = new Date('2020-01-01T00:00:00.000Z');
    const label = 'shared';
    await transactions.withTenant(test.tenantId, (tx) =>
      tx.execute({
        text: `with shared as (select id, row_number() over (order by id) as at from job order by id limit 90)
          update job set label = $1, created_at = $2::timestamptz + (shared.at / 9) * interval '1 ms'
          from shared where job.id = shared.id`,
        values: [label, sharing],
      }),
    );
    let count = 0;
    let createdBefore: Date | undefined;
    do {
      const filter = { label, ...(createdBefore !== undefined && { createdBefore }) };
      const counted = await transactions.withTenant(test.tenantId, (tx) => countJobs(tx, filter, ['state'], 20));
      count += counted.groups.reduce((sum, group) => sum + group.count, 0);
      createdBefore = counted.countedSince ?? undefined;
    } while (createdBefore !== undefined);
    expect(count).toBe(90);
  });

  it('counts by several at once, with the newest of each, and nothing where nothing matches', async () => {
    const { data } = await summarize({ state: 'failed', groupBy: 'errorCode,state' });
    expect(data[0]).toEqual({
      state: 'failed',
      errorCode: expect.any(String),
      count: expect.any(Number),
      lastAt: expect.stringMatching(/Z$/),
    });
    expect(await summarize({ label: 'unknown' })).toEqual({ data: [], countedSince: null });
    for (const groupBy of ['', 'colour', 'state,', 'state,colour']) {
      const refused = await test.call(`GET /v1/jobs/summary?groupBy=${groupBy}`);
      expect(refusalOf(refused)).toEqual([422, 'invalid_request', '/query/groupBy']);
    }
  });
});

describe('the filters of jobs', () => {
  it.each([
    ['kind', 'letter'],
    ['state', 'done'],
    ['errorCode', ''],
    ['to', 'somebody'],
    ['conversationId', ''],
    ['groupId', 'x'.repeat(300)],
    ['externalId', ''],
    ['channelId', ''],
    ['providerMessageId', ''],
    ['userId', ''],
    ['merchantId', 'x'.repeat(300)],
    ['integration', ''],
    ['label', ''],
    ['createdAfter', 'yesterday'],
    ['createdBefore', '2026-13-01T00:00:00Z'],
    ['limit', '0'],
    ['limit', '201'],
  ])('%s=%s is refused with a pointer to it, in a list, a summary and in bulk alike', async (name, value) => {
    const query = new URLSearchParams({ [name]: value }).toString();
    expect(refusalOf(await test.call(`GET /v1/jobs?${query}`))).toEqual([422, 'invalid_request', `/query/${name}`]);
    if (name === 'limit') return;
    const summary = await test.call(`GET /v1/jobs/summary?${query}`);
    expect(refusalOf(summary)).toEqual([422, 'invalid_request', `/query/${name}`]);
    for (const action of ['retry', 'cancel']) {
      const bulk = await test.call(`POST /v1/jobs/${action}`, { body: { filter: { [name]: value }, dryRun: true } });
      expect(refusalOf(bulk)).toEqual([422, 'invalid_request', `/filter/${name}`]);
    }
  });

  it('are the same in the list, in the summary and in bulk', () => {
    const listed = Object.keys(jobListQuery.shape).filter((name) => name !== 'limit' && name !== 'cursor');
    const counted = Object.keys(jobSummaryQuery.shape).filter((name) => name !== 'groupBy');
    for (const names of [listed, counted]) expect(names.toSorted()).toEqual(Object.keys(jobFilter).toSorted());
  });
});
