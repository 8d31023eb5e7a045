import type { RelayActivities } from '../../contracts/activities.ts';
import type { EndpointReference } from '../../contracts/workflows.ts';
import { scheduledDelayMs } from '../../domain/delivery/decide.ts';
import type { EndpointKind } from '../../domain/delivery/delivery.ts';
import { isBroken } from '../../domain/delivery/endpoint-health.ts';
import { isUnsent } from '../../domain/failure.ts';
import { localDelayMs } from '../../domain/retry.ts';
import {
  type EndpointDelivery,
  type EndpointResult,
  hastenDeliveries,
  inPages,
} from '../../store/endpoint-deliveries.ts';
import type { Transactions } from '../../store/transactions.ts';
import { retryDuringOutage } from '../retry-during-outage.ts';
import type { Destination, TakenBatch } from './destination.ts';
import type { JudgeAttempt, JudgedAttempt } from './judge-attempt.ts';

const lanes = 10;
/** One run of the activity; the workflow asks for another. A last call may take 25 s more. */
const runForMs = 60_000;
/** An endpoint without work is looked at again for this long before the relay ends: a workflow an event would cost more. */
const lingerMs = 3_000;
const lookEveryMs = 250;
/** Nothing is posted that was claimed longer ago without another look at its endpoint: it may have been removed or changed. */
const lookAgainMs = 1_000;
/** Much shorter than a call may take: who takes over from a dead worker must not wait for the longest call. */
const beatEveryMs = 3_000;

/**
 * Sends an endpoint what waits for it: due retries, and what is new in its order, that of one job one after the other. Nothing
 * is recorded before the endpoint has answered, so a crash in between sends again under the same id: at least once. Two
 * runs at once may send twice; only one of them records.
 */
export function createRelayEndpoint(dependencies: {
  readonly destinations: Readonly<Record<EndpointKind, Destination>>;
  readonly judgeAttempt: JudgeAttempt;
  readonly transactions: Transactions;
  readonly clock: () => Date;
  readonly random: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  readonly heartbeat: () => void;
  readonly isStopping: () => boolean;
}): RelayActivities['relayDeliveries'] {
  const { destinations, judgeAttempt, transactions, clock, random, heartbeat } = dependencies;
  const nowMs = () => clock().getTime();

  return async function relayDeliveries(reference) {
    const beat = setInterval(heartbeat, beatEveryMs);
    try {
      return await run(reference);
    } finally {
      clearInterval(beat);
    }
  };

  async function run(reference: EndpointReference): ReturnType<RelayActivities['relayDeliveries']> {
    const destination = destinations[reference.kind];
    const endMs = nowMs() + runForMs;
    const isOver = () => nowMs() >= endMs || dependencies.isStopping();
    let delivered = 0;
    let idleSinceMs: number | null = null;
    while (!isOver()) {
      const batch = await destination.take(reference);
      if (batch === null) return { delivered, hasMore: false };
      if (batch.deliveries.length > 0) {
        idleSinceMs = null;
        delivered += await deliver(batch, isOver);
        continue;
      }
      idleSinceMs ??= nowMs();
      if (nowMs() - idleSinceMs >= lingerMs) return { delivered, hasMore: false };
      await dependencies.sleep(lookEveryMs);
    }
    return { delivered, hasMore: true };
  }

  async function deliver(batch: TakenBatch, isOver: () => boolean): Promise<number> {
    const { tenantId, endpointId, rules, scheduleSeconds, health } = batch;
    const judged: (JudgedAttempt & { readonly delivery: EndpointDelivery })[] = [];
    const unsent: EndpointResult[] = [];
    let failuresInARow = isBroken(health.failuresInARow) ? 0 : health.failuresInARow;
    let mustRest = false;
    let look = { atMs: nowMs(), isCurrent: Promise.resolve(true) };
    const rest = groupByJob(batch.deliveries);
    const firstWaitSeconds = scheduleSeconds[0] ?? 0;

    /** One look serves all lanes. One that fails must not cost the answers of the others: nothing more is sent then. */
    async function isCurrent(): Promise<boolean> {
      if (nowMs() - look.atMs >= lookAgainMs) look = { atMs: nowMs(), isCurrent: batch.isCurrent().catch(() => false) };
      return look.isCurrent;
    }
    async function send(delivery: EndpointDelivery): Promise<void> {
      if (!(await isCurrent())) mustRest = true;
      const isEarly = firstWaitSeconds > 0 && delivery.attempts.length === 1 && !delivery.isStored;
      if (isOver() || mustRest || isBroken(failuresInARow) || isEarly) {
        const waitMs = isEarly ? scheduledDelayMs(firstWaitSeconds, rules.jitter, random) : 0;
        unsent.push(giveBack(delivery, new Date(nowMs() + waitMs)));
        return;
      }
      const outcome = await batch.post(delivery);
      if (isUnsent(outcome)) {
        mustRest = true;
        unsent.push(giveBack(delivery, new Date(nowMs() + localDelayMs(0, random))));
        return;
      }
      const done = judgeAttempt({
        rules,
        scheduleSeconds,
        tenantId,
        jobId: delivery.jobId,
        requestId: null,
        attempts: delivery.attempts,
        earlierAttempts: delivery.earlierAttempts,
        outcome,
        secrets: batch.secrets,
        logged: {
          endpointId,
          deliveryId: delivery.id,
          eventId: delivery.eventId,
          type: delivery.eventType,
        },
      });
      judged.push({ ...done, delivery });
      failuresInARow = done.verdict.said === 'taken' ? 0 : failuresInARow + 1;
      mustRest ||= done.verdict.said === 'gone' || done.verdict.retryAfterMs !== null;
    }
    async function sendNext(): Promise<void> {
      for (let group = rest.shift(); group !== undefined; group = rest.shift()) {
        for (const delivery of group) await send(delivery);
      }
    }
    await Promise.all(Array.from({ length: Math.min(lanes, rest.length) }, sendNext));
    const outcome = {
      results: [...judged, ...unsent].toSorted(byEvent),
      verdicts: judged.map(({ verdict }) => verdict),
      problems: judged.flatMap(({ problems }) => problems),
    };
    // The answers are known only here: a database that is away for seconds must not make them unknown.
    const { isHealed } = await retryDuringOutage(() => batch.record(outcome));
    // Should the process end here, what is not made due comes at its own time.
    if (isHealed) await inPages(transactions, tenantId, (tx) => hastenDeliveries(tx, endpointId, clock()));
    return judged.filter(({ verdict }) => verdict.said === 'taken').length;
  }
}

/** It was not sent: its open attempt goes, and it is due then. */
function giveBack(delivery: EndpointDelivery, nextAttemptAt: Date): EndpointResult {
  return {
    delivery,
    attempts: delivery.attempts.slice(0, -1),
    state: 'pending',
    nextAttemptAt,
    notBefore: null,
    error: null,
  };
}

/** A job's events go one after the other, so that a receiver does not hear of its end before its beginning. */
function groupByJob(deliveries: readonly EndpointDelivery[]): EndpointDelivery[][] {
  const groups = new Map<string, EndpointDelivery[]>();
  for (const delivery of deliveries) {
    const key = delivery.jobId ?? delivery.id;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [delivery]);
    else group.push(delivery);
  }
  return [...groups.values()];
}

function byEvent(a: EndpointResult, b: EndpointResult): number {
  return a.delivery.eventId < b.delivery.eventId ? -1 : 1;
}
