import { randomBytes } from 'node:crypto';
import type { BareOrder, BareWord } from './bare-client.ts';
import type { BenchProcess } from './bench-process.ts';
import { type NotificationRun, type RunPlace, runNotification } from './notification-runs.ts';
import { type Receiver, tokenOf } from './people.ts';
import type { UpstreamCounts, UpstreamsOrder, UpstreamsWord } from './upstreams.ts';

export type Upstreams = BenchProcess<UpstreamsOrder, UpstreamsWord>;

/** What a notification sent to somebody outside, as they counted it. */
export interface OutgoingRun extends NotificationRun {
  readonly round: number;
  readonly upstream: UpstreamCounts;
}

export interface PushRun extends OutgoingRun {
  /** The same pushes by the HTTP client alone. */
  readonly bareMs: number;
  readonly barelyAccepted: number;
}

export const accessToken = randomBytes(18).toString('base64url');
export const projectId = 'bench';
/** As many as the product sends at once through one channel. */
const pushesAtOnce = 50;

/** Nobody of these is known to the directory: every one is an error that the integrator hears of. */
export async function runCallbacks(
  place: RunPlace,
  upstreams: Upstreams,
  { round, receivers }: { readonly round: number; readonly receivers: readonly Receiver[] },
): Promise<OutgoingRun> {
  await reset(upstreams);
  const { jobId: _jobId, ...run } = await runNotification(place, { type: 'USER_CENTER_NOTIFICATION', receivers });
  return { round, ...run, upstream: await count(upstreams) };
}

export async function runPush(
  place: RunPlace,
  upstreams: Upstreams & { readonly url: string },
  bare: BenchProcess<BareOrder, BareWord>,
  { round, receivers }: { readonly round: number; readonly receivers: readonly Receiver[] },
): Promise<PushRun> {
  await reset(upstreams);
  const { jobId: _jobId, ...run } = await runNotification(place, { type: 'PUSH_NOTIFICATION', receivers });
  const upstream = await count(upstreams);
  const done = bare.waitFor((word) => word.kind === 'done');
  bare.order({
    url: `${upstreams.url}/v1/projects/${projectId}/messages:send`,
    tokens: receivers.flatMap(({ userIds }) => userIds.map(tokenOf)),
    text: { title: 'Factura pendiente', body: 'Tu factura de mayo vence el viernes.' },
    data: { targetScreen: 'CARD_DETAILS', cardID: 'c-1' },
    accessToken,
    atOnce: pushesAtOnce,
  });
  const { spentMs, accepted } = await done;
  return { round, ...run, upstream, bareMs: spentMs, barelyAccepted: accepted };
}

/** Whether each was told or pushed to, once. */
export function isToldOnce({ recipients, counts, upstream }: OutgoingRun): boolean {
  const settled = (counts?.delivered ?? 0) + (counts?.failed ?? 0);
  return [settled, upstream.calls, upstream.reached].every((figure) => figure === recipients);
}

async function reset(upstreams: Upstreams): Promise<void> {
  const isReset = upstreams.waitFor((word) => word.kind === 'reset');
  upstreams.order({ kind: 'reset' });
  await isReset;
}

async function count(upstreams: Upstreams): Promise<UpstreamCounts> {
  const counted = upstreams.waitFor((word) => word.kind === 'counts');
  upstreams.order({ kind: 'count' });
  return (await counted).counts;
}
