import { decideDelivery, webhookRules } from '../domain/delivery/decide.ts';
import { signingSecrets } from '../domain/delivery/signing-secrets.ts';
import type { HttpOutcome } from '../domain/failure.ts';
import type { CreateId } from '../domain/ids.ts';
import type { Delivery } from '../domain/delivery/delivery.ts';
import { buildProblem } from '../domain/problems/build-problem.ts';
import { apiProblem } from '../domain/problems/refusal.ts';
import { buildEnvelope } from '../domain/webhook/envelope.ts';
import { testEventType } from '../domain/webhook/event-type.ts';
import { toWebhookView } from '../domain/webhook/webhook.ts';
import type { Transactions } from '../store/transactions.ts';
import { insertProblems } from '../store/delivery-results.ts';
import { insertTest } from '../store/webhook-lists.ts';
import type { WebhookStore } from '../store/webhooks.ts';

/** The part of the webhook client that posts one event and shows its answer, by the same rules as every delivery. */
export interface PostEvent {
  postEvent(post: {
    readonly owner: { readonly tenantId: string; readonly destination: string };
    readonly url: string;
    readonly secrets: readonly string[];
    readonly headers: Readonly<Record<string, string>>;
    readonly eventId: string;
    readonly body: string;
  }): Promise<HttpOutcome>;
  excerpt(outcome: HttpOutcome, secrets: readonly string[]): string | null;
}

/** Sends one event of the type `webhook.test` now and once, and returns what came of it. The endpoint's health is not judged. */
export type TestWebhook = (tenantId: string, webhookId: string) => Promise<Delivery>;

export function createTestWebhook(dependencies: {
  readonly transactions: Transactions;
  readonly webhooks: WebhookStore;
  readonly webhookClient: PostEvent;
  readonly createId: CreateId;
  readonly publicUrl: string;
  readonly clock: () => Date;
}): TestWebhook {
  const { transactions, webhooks, webhookClient, createId, publicUrl, clock } = dependencies;
  return async (tenantId, webhookId) => {
    const row = await transactions.withTenant(tenantId, (tx) => webhooks.find(tx, webhookId));
    if (row === null) throw apiProblem('not_found', `There is no webhook endpoint ${webhookId}.`);
    const { webhook } = row;
    const at = clock();
    const eventId = createId('event');
    const data = JSON.stringify(toWebhookView(webhook));
    const body = buildEnvelope({ id: eventId, type: testEventType, createdAt: at, data }, publicUrl);
    const secrets = signingSecrets(row.secrets, at);
    const { headers } = row.secrets;
    const outcome = await webhookClient.postEvent({
      owner: { tenantId, destination: webhookId },
      url: webhook.url,
      secrets,
      headers,
      eventId,
      body,
    });
    const now = clock();
    const decision = decideDelivery({
      rules: webhookRules,
      outcome,
      attempts: 1,
      scheduleSeconds: [0],
      random: () => 0.5,
    });
    const problem =
      decision.next === 'delivered'
        ? null
        : buildProblem({
            failure: decision.failure,
            problemId: createId('problem'),
            attempt: 1,
            jobId: null,
            requestId: null,
            tenantId,
            occurredAt: now.toISOString(),
            nextAttemptAt: null,
            recoverable: false,
          });
    const delivery: Delivery = {
      id: createId('delivery'),
      kind: 'test',
      jobId: null,
      eventId,
      url: webhook.url,
      state: problem === null ? 'delivered' : 'failed',
      attempts: [
        {
          number: 1,
          at: at.toISOString(),
          durationMs: Math.round(outcome.durationMs),
          httpStatus: outcome.answered ? outcome.status : null,
          outcome: problem === null ? 'accepted' : 'rejected',
          problem,
          responseExcerpt: webhookClient.excerpt(outcome, [...secrets, ...Object.values(headers)]),
        },
      ],
      nextAttemptAt: null,
      error: problem,
      createdAt: at,
    };
    await transactions.withTenant(tenantId, async (tx) => {
      await insertProblems(tx, tenantId, problem === null ? [] : [problem]);
      await insertTest(tx, { tenantId, webhookId, eventType: testEventType, body, delivery });
    });
    return delivery;
  };
}
