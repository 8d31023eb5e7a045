import type { KernelSend } from '../demo/stand-ins/kernel-sends.ts';
import type { JobView } from '../src/domain/job-view.ts';
import { runSql } from '../test/support/product-fixture.ts';
import { groupBy } from './group-by.ts';
import type { Accepted } from './hand-over.ts';
import type { Misbehaviour } from './misbehaviour.ts';
import type { Surroundings } from './surroundings.ts';

export interface AttemptSeen {
  readonly number: number;
  readonly outcome: string | null;
  readonly problem: { readonly code: string; readonly source: string } | null;
}

export interface JobSeen extends Accepted {
  /** Null = nobody knows it. */
  readonly job: JobView | null;
  readonly attempts: readonly AttemptSeen[];
  /** What the stand-in says of it; none for notifications. */
  readonly sends: readonly Pick<KernelSend, 'at' | 'wentOut' | 'outcome'>[];
  readonly isConfirmed: boolean;
}

export interface EventSeen {
  readonly id: string;
  readonly type: string;
  readonly jobId: string;
}

/** All that is known of a run, from the product's side and from the stand-ins': what is judged. */
export interface RunRecord {
  readonly jobs: readonly JobSeen[];
  readonly kpi: readonly Readonly<Record<string, unknown>>[];
  readonly events: readonly EventSeen[];
  /** Ids of events that the webhook sink took. */
  readonly webhookIds: ReadonlySet<string>;
  /** Rows of the inbox by job and user. */
  readonly inbox: readonly { readonly jobId: string; readonly userId: string; readonly rows: number }[];
  /** Recipients that the integrator was told about, as `{externalId} {userId}`. */
  readonly reported: ReadonlySet<string>;
  /** Workflows of which a task failed by their code; none is looked for where one release runs alone. */
  readonly failedTasks: readonly string[];
}

const pageLimit = 200;
const atOnce = 8;

export async function readRecord(
  { tenant, place, kernel, sink }: Surroundings,
  accepted: readonly Accepted[],
  misbehaviour: Misbehaviour,
  failedTasks: readonly string[],
): Promise<RunRecord> {
  const sendsByJob = groupBy(kernel.sends.list(), ({ jobId }) => jobId);
  const jobs = await mapBounded(accepted, async (each): Promise<JobSeen> => {
    const answer = await tenant.call(`GET /v1/jobs/${each.id}`);
    const job = answer.status === 200 ? (JSON.parse(answer.text) as JobView) : null; // cast: the API's contract
    const isMessage = each.submission.kind === 'message';
    return {
      ...each,
      job,
      attempts: isMessage ? await tenant.list<AttemptSeen>(`/v1/jobs/${each.id}/attempts?limit=${pageLimit}`) : [],
      sends: sendsByJob.get(each.id) ?? [],
      isConfirmed: misbehaviour.isConfirmed(each.id),
    };
  });
  const rows = await runSql(
    place.databaseUrl,
    'select job_id, user_id, count(*)::int as rows from inbox_notification group by job_id, user_id',
    tenant.tenantId,
  );
  return {
    jobs,
    kpi: place.bot.kpiEvents(),
    events: await readEvents(tenant),
    webhookIds: new Set(
      sink.posts.filter(({ status }) => status !== null && status < 300).map(({ webhookId }) => webhookId),
    ),
    inbox: rows.map((row) => ({
      jobId: String(row['job_id']),
      userId: String(row['user_id']),
      rows: Number(row['rows']),
    })),
    failedTasks,
    reported: new Set(place.integrator.requests.list().flatMap(({ body }) => namesOf(body))),
  };
}

/** How many accepted jobs are not final yet. */
export async function countOpen({ place, tenant }: Surroundings): Promise<number> {
  const text = 'select count(*)::int as open from job where not terminal';
  const [row] = await runSql(place.databaseUrl, text, tenant.tenantId);
  return Number(row?.['open'] ?? 0);
}

async function readEvents(tenant: Surroundings['tenant']): Promise<EventSeen[]> {
  const events: EventSeen[] = [];
  let after = '';
  for (;;) {
    const page = await tenant.ask<{
      data: readonly { id: string; type: string; data: { id: string } }[];
      nextCursor: string | null;
    }>(`GET /v1/events?limit=${pageLimit}${after === '' ? '' : `&after=${encodeURIComponent(after)}`}`);
    events.push(...page.data.map(({ id, type, data }) => ({ id, type, jobId: data.id })));
    if (page.data.length === 0 || page.nextCursor === null) return events;
    after = page.nextCursor;
  }
}

function namesOf(body: Readonly<Record<string, unknown>>): string[] {
  const receivers = (body['receivers'] ?? []) as readonly { userIds?: readonly string[] }[]; // cast: our own body
  return receivers.flatMap(({ userIds = [] }) => userIds.map((userId) => `${String(body['externalId'])} ${userId}`));
}

async function mapBounded<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const queue = [...items.entries()];
  const takeNext = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) results[next[0]] = await work(next[1]);
  };
  await Promise.all(Array.from({ length: atOnce }, takeNext));
  return results;
}
