import type { JobView } from '../../src/domain/job-view.ts';
import { type Client, lookUntil } from '../client.ts';
import type { Expectations } from '../expectations.ts';
import type { Link, Stage, StoryResult } from '../stage.ts';
import type { JsonObject } from '../stand-ins/json.ts';

/** Long enough for a slow machine; a story that hangs ends with the differences that it then has. */
export const storyTimeoutMs = 30_000;

/** Hands over a message, and follows it to an end that will not change any more. */
export async function deliver(stage: Stage, message: JsonObject): Promise<JobView> {
  return followToEnd(stage, await handOver(stage, message));
}

export function handOver({ client, channelId }: Stage, message: JsonObject): Promise<JobView> {
  return client.ask<JobView>('POST', '/v1/messages', { channelId, ...message });
}

export function followToEnd({ client, tell }: Stage, { id }: JobView): Promise<JobView> {
  return client.followJob(id, {
    isDone: ({ state }) => ['read', 'failed', 'expired', 'cancelled', 'skipped'].includes(state),
    timeoutMs: storyTimeoutMs,
    onLook: ({ state, attempts }) => tell(attempts > 1 ? `${state}, attempt ${attempts}` : state),
  });
}

/** The members of a KPI event that a story has an opinion on. */
const toldMembers = ['event', 'recoverable', 'willRetry', 'userInformed', 'code', 'attempt'] as const;

/** Waits until the bot knows of as many KPI events as expected, and compares what they say. */
export async function expectKpiEvents(
  { bot }: Stage,
  job: JobView,
  expectations: Expectations,
  expected: readonly Readonly<Partial<Record<(typeof toldMembers)[number], unknown>>>[],
): Promise<void> {
  const events = await lookUntil(
    () => bot.kpiEvents(job.id),
    (found) => found.length >= expected.length,
    storyTimeoutMs,
  );
  const byTime = events.toSorted((one, other) => String(one['occurredAt']).localeCompare(String(other['occurredAt'])));
  expectations.same(
    'KPI events',
    byTime.map(({ event }) => event),
    expected.map(({ event }) => event),
  );
  for (const [index, wanted] of expected.entries()) {
    const told = byTime[index] ?? {};
    const compared = Object.keys(wanted).map((member) => [member, told[member]]);
    expectations.same(`KPI event ${index + 1}`, Object.fromEntries(compared), wanted);
  }
}

/** Waits for the message that tells the end user, and compares what arrived on the phone. */
export async function expectNotice(
  { client, kernel }: Stage,
  job: JobView,
  expectations: Expectations,
  expectedText: string,
): Promise<void> {
  const notice = await lookUntil(
    () => findNotice(client, job),
    (found) => found?.state === 'read',
    storyTimeoutMs,
  );
  expectations.same('state of the notice to the user', notice?.state, 'read');
  const sent = kernel.sends.list().filter(({ jobId }) => jobId !== null && jobId === notice?.id);
  expectations.same(
    'notice on the phone',
    sent.map(({ to, payload }) => [`+${to}`, payload['text']]),
    [[job.to, { body: expectedText }]],
  );
}

async function findNotice(client: Client, job: JobView): Promise<JobView | undefined> {
  const jobs = await client.list<JobView>(`/v1/jobs?kind=message&to=${encodeURIComponent(job.to ?? '')}`);
  return jobs.find(({ origin, causedBy }) => origin === 'user_notice' && causedBy === job.id);
}

export function describeResult(
  { client }: Stage,
  job: JobView,
  outcome: string,
  { differences }: Expectations,
): StoryResult {
  const { id, kind, state, attempts, error, workflow } = job;
  const isBatch = kind === 'notification';
  const jobUrl = `${client.baseUrl}/v1/jobs/${id}`;
  const links: Link[] = [{ label: 'job', url: jobUrl, readBy: 'key' }];
  if (isBatch) {
    links.push({ label: 'errors', url: `${jobUrl}/errors`, readBy: 'key' });
    links.push({ label: 'deliveries', url: `${jobUrl}/deliveries`, readBy: 'key' });
  } else links.push({ label: 'attempts', url: `${jobUrl}/attempts`, readBy: 'key' });
  if (error !== null) {
    links.push({ label: 'problem', url: error.instance, readBy: 'key' });
    links.push({ label: 'meaning', url: error.type, readBy: 'anybody' });
  }
  if (workflow !== null) links.push({ label: 'workflow', url: workflow.url, readBy: null });
  return { state, attempts: isBatch ? null : attempts, outcome, differences, links };
}
