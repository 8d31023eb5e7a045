import type { CreateId } from '../../../domain/ids.ts';
import { buildProblem } from '../../../domain/problems/build-problem.ts';
import type { Problem } from '../../../domain/problems/problem.ts';
import { isBroken, judgeHealth } from '../../../domain/delivery/endpoint-health.ts';
import { isAboutWebhooks } from '../../../domain/webhook/event-type.ts';
import { toWebhookView, type Webhook } from '../../../domain/webhook/webhook.ts';
import { insertEvents } from '../../../store/events.ts';
import type { Transactions, Tx } from '../../../store/transactions.ts';
import { disableDeliveries, insertResults, type EndpointResult } from '../../../store/endpoint-deliveries.ts';
import { insertProblems, updateResults } from '../../../store/delivery-results.ts';
import { recordProgress, type WebhookRow, type WebhookStore } from '../../../store/webhooks.ts';
import type { BatchOutcome } from '../destination.ts';
import type { EventBatch } from './take-events.ts';

export type RecordEvents = (batch: EventBatch, outcome: BatchOutcome) => Promise<{ readonly isHealed: boolean }>;

/**
 * Writes a batch in one transaction: deliveries, problems, the events that they make, and how far and how well the endpoint
 * is. Twice is once: first tries count only where the cursor stands where the batch found it.
 */
export function createRecordEvents(dependencies: {
  readonly transactions: Transactions;
  readonly webhooks: WebhookStore;
  readonly createId: CreateId;
  readonly clock: () => Date;
  readonly random: () => number;
}): RecordEvents {
  const { transactions, webhooks, createId, clock, random } = dependencies;

  return async (batch, outcome) =>
    transactions.withTenant(batch.row.webhook.tenantId, async (tx) => {
      const row = await webhooks.lock(tx, batch.row.webhook.id);
      const now = clock();
      if (row === null) {
        // Removed meanwhile: nothing is sent any more, and what was tried stays on record.
        const tried = outcome.results.filter(({ delivery, attempts }) => delivery.isStored || attempts.length > 0);
        await write(tx, batch, tried.map(asDisabled), now);
        await insertProblems(tx, batch.row.webhook.tenantId, outcome.problems);
        return { isHealed: false };
      }
      const isOurs = row.eventCursor === batch.cursor.from;
      const isSame = isUnchanged(batch.row.webhook, row);
      const recorded = outcome.results.filter(({ delivery }) => delivery.isStored || isOurs);
      const results = isSame ? recorded : recorded.map((result) => asPending(result, now));
      const { health, mustDisable } = judgeHealth({
        health: row.webhook,
        verdicts: isSame ? outcome.verdicts : [],
        now,
        random,
      });
      const isDisabled = row.webhook.state === 'disabled' || mustDisable;
      const reason =
        mustDisable && row.webhook.state === 'enabled' ? describeDisabling(row.webhook, outcome, now) : null;
      const webhook: Webhook = {
        ...row.webhook,
        ...health,
        state: isDisabled ? 'disabled' : 'enabled',
        disabledReason: reason ?? row.webhook.disabledReason,
      };
      await write(tx, batch, isDisabled ? results.map(asDisabled) : results, now);
      await insertProblems(tx, webhook.tenantId, [...outcome.problems, ...(reason === null ? [] : [reason])]);
      await recordProgress(tx, { webhook, eventCursor: isOurs ? batch.cursor.to : row.eventCursor });
      if (isDisabled) await disableDeliveries(tx, webhook.id, webhook.disabledReason, now);
      await insertEvents(tx, webhook.tenantId, listEventsToTell(webhook, results, reason !== null), now);
      return { isHealed: !isDisabled && isBroken(row.webhook.failuresInARow) && health.failuresInARow === 0 };
    });

  async function write(tx: Tx, batch: EventBatch, results: readonly EndpointResult[], now: Date): Promise<void> {
    const { id: endpointId, tenantId, url } = batch.row.webhook;
    const isStored = ({ delivery }: EndpointResult) => delivery.isStored;
    await updateResults(tx, results.filter(isStored), now);
    const firsts = results.filter((result) => !isStored(result));
    await insertResults(tx, { tenantId, endpointId, url }, firsts, now);
  }

  function describeDisabling(webhook: Webhook, outcome: BatchOutcome, now: Date): Problem {
    const isGone = outcome.verdicts.some(({ said }) => said === 'gone');
    return buildProblem({
      failure: {
        code: isGone ? 'endpoint_gone' : 'endpoint_disabled',
        source: 'webhook',
        class: 'permanent',
        scope: 'webhook',
        userCanBeTold: false,
        maxRetries: null,
        retryAfterMs: null,
        httpStatus: null,
        detail: isGone
          ? 'The endpoint answered with HTTP status 410.'
          : `The endpoint has taken nothing since ${webhook.failingSince?.toISOString() ?? 'five days ago'}.`,
        provider: null,
        errors: [],
      },
      problemId: createId('problem'),
      attempt: null,
      jobId: null,
      requestId: null,
      tenantId: webhook.tenantId,
      occurredAt: now.toISOString(),
      nextAttemptAt: null,
    });
  }

  function listEventsToTell(webhook: Webhook, results: readonly EndpointResult[], isDisabledNow: boolean) {
    const view = toWebhookView(webhook);
    const exhausted = results.filter(
      ({ state, delivery }) => state === 'failed' && !isAboutWebhooks(delivery.eventType ?? ''),
    );
    return [
      ...exhausted.map(({ delivery }) => ({
        id: createId('event'),
        type: 'webhook.exhausted',
        data: { ...view, deliveryId: delivery.id, eventId: delivery.eventId },
      })),
      ...(isDisabledNow ? [{ id: createId('event'), type: 'webhook.disabled', data: view }] : []),
    ];
  }
}

/** Whoever set up an endpoint has not touched it since, and it is not disabled. */
export function isUnchanged(before: Webhook, row: WebhookRow | null): boolean {
  return row?.webhook.state === 'enabled' && row.webhook.updatedAt.getTime() === before.updatedAt.getTime();
}

/** The endpoint as it was is gone, and not that of now. */
function asPending(result: EndpointResult, now: Date): EndpointResult {
  return result.state === 'disabled' ? { ...result, state: 'pending', nextAttemptAt: now, error: null } : result;
}

/** What would have been tried again will not be. */
function asDisabled(result: EndpointResult): EndpointResult {
  return result.state === 'pending' ? { ...result, state: 'disabled', nextAttemptAt: null } : result;
}
