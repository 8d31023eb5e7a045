import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Subjects } from '../../bench/scenarios/lists/calls.ts';
import { jobFilter, jobListQuery } from '../../src/contracts/http/jobs.ts';
import { fillTenant } from '../support/filled-tenant.ts';
import { refusalOf, startTestApp, type TestApp } from '../support/test-app.ts';

const fillTimeoutMs = 120_000;

interface Listed {
  readonly id: string;
  readonly kind: string;
  readonly state: string;
  readonly to: string | null;
  readonly channelId: string | null;
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
    ['createdAfter', 'yesterday'],
    ['createdBefore', '2026-13-01T00:00:00Z'],
    ['limit', '0'],
    ['limit', '201'],
  ])('%s=%s is refused with a pointer to it, in a list and in a bulk retry alike', async (name, value) => {
    const query = new URLSearchParams({ [name]: value }).toString();
    expect(refusalOf(await test.call(`GET /v1/jobs?${query}`))).toEqual([422, 'invalid_request', `/query/${name}`]);
    if (name === 'limit') return;
    const retry = await test.call('POST /v1/jobs/retry', { body: { filter: { [name]: value }, dryRun: true } });
    expect(refusalOf(retry)).toEqual([422, 'invalid_request', `/filter/${name}`]);
  });

  it('are the same in the list and in a bulk retry', () => {
    const listed = Object.keys(jobListQuery.shape).filter((name) => name !== 'limit' && name !== 'cursor');
    expect(listed.toSorted()).toEqual(Object.keys(jobFilter).toSorted());
  });
});
