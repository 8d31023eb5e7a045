import { setTimeout as sleep } from 'node:timers/promises';
import type { Caller } from '../test/support/caller.ts';
import type { Dice } from './dice.ts';
import type { MessageToSend, Submission } from './workload.ts';

export interface Accepted {
  readonly submission: Submission;
  readonly id: string;
  /** Epoch milliseconds when a cancel was answered with `cancelled`; null = never. */
  readonly cancelledMs: number | null;
  /** Epoch milliseconds; null = the default of a day. */
  readonly expiresMs: number | null;
}

const acceptTimeoutMs = 120_000;
const againMs = 150;
const shortLifeMs = 4_000;
const longestCancelDelayMs = 1_500;

/** Hands everything over at a steady pace; each call is repeated with its key until it is answered with 2xx. */
export async function handOver(
  tenant: Caller,
  submissions: readonly Submission[],
  { dice, everyMs }: { readonly dice: Dice; readonly everyMs: number },
): Promise<Accepted[]> {
  const accepted: Promise<Accepted | null>[] = [];
  const startMs = Date.now();
  for (const submission of submissions) {
    await sleep(Math.max(0, startMs + submission.index * everyMs - Date.now()));
    const earlier = submission.kind === 'message' ? submission.waitsFor : null;
    accepted.push(handOverOne(tenant, submission, earlier === null ? null : (accepted[earlier] ?? null), dice));
  }
  return (await Promise.all(accepted)).filter((each) => each !== null);
}

async function handOverOne(
  tenant: Caller,
  submission: Submission,
  earlier: Promise<Accepted | null> | null,
  dice: Dice,
): Promise<Accepted | null> {
  // Order is that of acceptance, so the earlier one has to be accepted first.
  await earlier;
  if (submission.kind === 'notification') {
    const id = await post(tenant, 'POST /v1/notifications', submission.index, submission.body);
    return id === null ? null : { submission, id, cancelledMs: null, expiresMs: null };
  }
  const expiresMs = submission.fate === 'short_lived' ? Date.now() + shortLifeMs : null;
  const body = { ...submission.body, ...(expiresMs !== null && { expiresAt: new Date(expiresMs).toISOString() }) };
  const id = await post(tenant, 'POST /v1/messages', submission.index, body);
  if (id === null) return null;
  const cancelledMs = submission.fate === 'cancelled' ? await cancel(tenant, submission, id, dice) : null;
  return { submission, id, cancelledMs, expiresMs };
}

/** Null = refused: the time of what expires soon may be over before somebody takes it. */
async function post(tenant: Caller, route: string, index: number, body: unknown): Promise<string | null> {
  const deadlineMs = Date.now() + acceptTimeoutMs;
  let last = 'nothing';
  while (Date.now() < deadlineMs) {
    const options = { body, headers: { 'idempotency-key': `chaos-${index}` } };
    const answer = await tenant.call(route, options).catch((error: unknown) => String(error));
    if (typeof answer !== 'string' && answer.status === 202) return String(answer.at('id'));
    if (typeof answer !== 'string' && answer.at('code') === 'invalid_request') return null;
    last = typeof answer === 'string' ? answer : `${answer.status} ${answer.text}`;
    await sleep(againMs);
  }
  throw new Error(`${route} for submission ${index} was not accepted: ${last}`);
}

/** Null = it was too late, or nobody could say. */
async function cancel(tenant: Caller, { index }: MessageToSend, id: string, dice: Dice): Promise<number | null> {
  await sleep(dice.roll('cancel', index) * longestCancelDelayMs);
  const deadlineMs = Date.now() + acceptTimeoutMs;
  while (Date.now() < deadlineMs) {
    const answer = await tenant.call(`POST /v1/jobs/${id}/cancel`).catch(() => null);
    if (answer?.status === 200) return answer.at('result') === 'cancelled' ? Date.now() : null;
    await sleep(againMs);
  }
  return null;
}
