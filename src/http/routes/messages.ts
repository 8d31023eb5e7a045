import { z } from 'zod';
import { jobView } from '../../contracts/http/jobs.ts';
import { messageBatchBody, messageBody, type MessageBody } from '../../contracts/http/messages.ts';
import { problemDocument } from '../../contracts/http/problem.ts';
import type { Job } from '../../domain/job.ts';
import { type JobView, toJobView } from '../../domain/job-view.ts';
import { minPageMessages } from '../../domain/message/pages.ts';
import type { Problem } from '../../domain/problems/problem.ts';
import { apiProblem, Refusal, toRefusalProblem } from '../../domain/problems/refusal.ts';
import type { Tx } from '../../store/transactions.ts';
import type { AcceptedMessage } from '../../store/message-acceptance.ts';
import type { createAcceptMessage, MessageToAccept } from '../../usecases/accept-message.ts';
import { tenantAccess } from '../access.ts';
import { type AcceptanceDependencies, answerAcceptance } from '../answer-acceptance.ts';
import type { App } from '../app.ts';
import type { AppDependencies } from '../app-dependencies.ts';
import { refuseInvalid } from '../validation.ts';

const maxMessageBytes = 256 * 1024;
const maxBatchBytes = 8 * 1024 * 1024;

export function registerMessageRoutes(
  app: App,
  dependencies: AcceptanceDependencies &
    Pick<AppDependencies, 'publicUrl' | 'starter' | 'links'> & {
      readonly acceptMessage: ReturnType<typeof createAcceptMessage>;
    },
): void {
  const { acceptMessage, starter, links, publicUrl, clock } = dependencies;

  /** What could not be started is due by its record, and the sweep comes to it. */
  function startAll(tenantId: string, accepted: readonly AcceptedMessage[]): void {
    const jobs = accepted.filter(({ startNow }) => startNow).map(({ job }) => job);
    if (jobs.length < minPageMessages) for (const job of jobs) starter.startSoon(job);
    else
      starter.startPagesSoon(
        tenantId,
        jobs.map(({ id }) => id),
      );
  }

  app.post(
    '/v1/messages',
    {
      config: { access: tenantAccess('messages:write') },
      bodyLimit: maxMessageBytes,
      schema: {
        operationId: 'acceptMessage',
        tags: ['messages'],
        summary: 'Accept one message',
        description: 'From the 202 on, Waypost owns the outcome. `Idempotency-Key` makes a repeated call safe.',
        body: messageBody,
        response: { 202: jobView },
      },
    },
    async (request, reply) =>
      answerAcceptance(request, reply, dependencies, 1, async (tx) => {
        const accepted = await acceptMessage(tx, toMessage(request.body, request.id));
        return {
          status: 202,
          location: `/v1/jobs/${accepted.job.id}`,
          body: toJobView(accepted.job, links),
          after: () => {
            startAll(request.tenantId, [accepted]);
          },
        };
      }),
  );

  app.post(
    '/v1/messages/batch',
    {
      config: { access: tenantAccess('messages:write') },
      bodyLimit: maxBatchBytes,
      schema: {
        operationId: 'acceptMessages',
        tags: ['messages'],
        summary: 'Accept up to 500 messages',
        description: 'Each item is judged by itself: the answer holds, in order, its job or its problem document.',
        body: messageBatchBody,
        response: { 202: z.object({ data: z.array(z.union([jobView, problemDocument])) }) },
      },
    },
    async (request, reply) =>
      answerAcceptance(request, reply, dependencies, request.body.messages.length, async (tx) => {
        const accepted: AcceptedMessage[] = [];
        const data: (JobView | Problem)[] = [];
        for (const [index, item] of request.body.messages.entries()) {
          const outcome = await acceptItem(tx, item, index, request.id);
          if (outcome instanceof Refusal) {
            const { id: requestId, tenantId } = request;
            data.push(toRefusalProblem(outcome, { publicUrl, requestId, tenantId, occurredAt: clock().toISOString() }));
          } else {
            accepted.push(outcome);
            data.push(toJobView(outcome.job, links));
          }
        }
        return {
          status: 202,
          body: { data },
          after: () => {
            startAll(request.tenantId, accepted);
          },
        };
      }),
  );

  /** A refusal comes before anything of the item is written, so the others keep their transaction. */
  async function acceptItem(
    tx: Tx,
    item: unknown,
    index: number,
    requestId: string,
  ): Promise<AcceptedMessage | Refusal> {
    if (Buffer.byteLength(JSON.stringify(item)) > maxMessageBytes) {
      return apiProblem('payload_too_large', `A message takes at most ${maxMessageBytes / 1024} KiB.`);
    }
    const parsed = messageBody.safeParse(item);
    if (!parsed.success) return refuseInvalid(parsed.error.issues, `/messages/${index}`);
    try {
      return await acceptMessage(tx, toMessage(parsed.data, requestId), { isBulk: true });
    } catch (error) {
      if (error instanceof Refusal) return error;
      throw error;
    }
  }
}

function toMessage(body: MessageBody, requestId: string): MessageToAccept {
  return {
    channelId: body.channelId ?? null,
    to: body.to,
    conversationId: body.conversationId ?? null,
    groupId: body.groupId ?? null,
    externalId: body.externalId ?? null,
    sendAt: body.sendAt ?? null,
    expiresAt: body.expiresAt ?? null,
    metadata: body.metadata ?? {},
    request: body.activity === undefined ? { whatsapp: body.whatsapp ?? {} } : { activity: body.activity },
    origin: 'api' satisfies Job['origin'],
    requestId,
  };
}
