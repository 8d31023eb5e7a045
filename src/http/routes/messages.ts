import { z } from 'zod';
import { jobView } from '../../contracts/http/jobs.ts';
import {
  messageBatchBody,
  type MessageBatchBody,
  messageBody,
  type MessageBody,
  withPlus,
} from '../../contracts/http/messages.ts';
import { problemDocument } from '../../contracts/http/problem.ts';
import type { Job } from '../../domain/job.ts';
import { type JobView, toJobView } from '../../domain/job-view.ts';
import type { Problem } from '../../domain/problems/problem.ts';
import { apiProblem, Refusal, toRefusalProblem } from '../../domain/problems/refusal.ts';
import { settleAll } from '../../store/coalesce.ts';
import type { Tx } from '../../store/transactions.ts';
import type { createAcceptMessage, MessageToAccept } from '../../usecases/accept-message.ts';
import type { PreviewMessage } from '../../usecases/preview-message.ts';
import { tenantAccess } from '../access.ts';
import { type AcceptanceDependencies, answerAcceptance } from '../answer-acceptance.ts';
import type { App } from '../app.ts';
import type { AppDependencies } from '../app-dependencies.ts';
import { refuseHazard } from '../read-json.ts';
import { refuseInvalid } from '../validation.ts';

const maxMessageBytes = 256 * 1024;
const maxBatchBytes = 8 * 1024 * 1024;

const acceptedBatch = z.object({
  data: z.array(z.union([jobView, problemDocument])),
  accepted: z.int().describe('Items that became jobs'),
  refused: z.int().describe('Items that became problems: 202 is answered also where it is all of them'),
});

const messagePreview = z.object({
  data: z
    .array(z.record(z.string(), z.unknown()))
    .readonly()
    .describe('Bodies for the Cloud API, in the order of sending; none = an activity of which nothing is sent'),
});

export function registerMessageRoutes(
  app: App,
  dependencies: AcceptanceDependencies &
    Pick<AppDependencies, 'publicUrl' | 'links'> & {
      readonly acceptMessage: ReturnType<typeof createAcceptMessage>;
      readonly previewMessage: PreviewMessage;
    },
): void {
  const { transactions, acceptMessage, previewMessage, links, publicUrl, clock } = dependencies;

  app.post(
    '/v1/messages',
    {
      config: { access: tenantAccess('messages:write'), described: { refusals: [404] } },
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
        const job = await acceptMessage(tx, toMessage(request.body, request.id));
        return { status: 202, location: `/v1/jobs/${job.id}`, body: toJobView(job, links) };
      }),
  );

  app.post(
    '/v1/messages/batch',
    {
      config: { access: tenantAccess('messages:write'), judgesItems: true },
      bodyLimit: maxBatchBytes,
      schema: {
        operationId: 'acceptMessages',
        tags: ['messages'],
        summary: 'Accept up to 500 messages',
        description: 'Each item is judged by itself: the answer holds, in order, its job or its problem document.',
        body: messageBatchBody,
        response: { 202: acceptedBatch },
      },
    },
    async (request, reply) =>
      answerAcceptance(request, reply, dependencies, request.body.messages.length, async (tx) => {
        const { id: requestId, tenantId } = request;
        const outcomes = await acceptItems(tx, request.body, requestId);
        const data = outcomes.map((outcome): JobView | Problem =>
          outcome instanceof Refusal
            ? toRefusalProblem(outcome, { publicUrl, requestId, tenantId, occurredAt: clock().toISOString() })
            : toJobView(outcome, links),
        );
        const refused = outcomes.filter((outcome) => outcome instanceof Refusal).length;
        return { status: 202, body: { data, accepted: data.length - refused, refused } };
      }),
  );

  app.post(
    '/v1/messages/preview',
    {
      config: { access: tenantAccess('messages:write'), described: { refusals: [404] } },
      bodyLimit: maxMessageBytes,
      schema: {
        operationId: 'previewMessage',
        tags: ['messages'],
        summary: 'Show what WhatsApp would be sent',
        description:
          'Nothing is stored, and nobody is called. What cannot be rendered is 422 `rendering_failed` with the pointers that ' +
          'the job would show. A file in a data URI has a placeholder for the id that its upload will give.',
        body: messageBody,
        response: { 200: messagePreview },
      },
    },
    async ({ tenantId, body, id }) => ({
      data: await transactions.withTenant(tenantId, (tx) => previewMessage(tx, toMessage(body, id))),
    }),
  );

  /**
   * Side by side, so that all are stored by a few statements; those of one conversation one behind the other, so that each
   * finds the one before it in line.
   */
  async function acceptItems(tx: Tx, batch: MessageBatchBody, requestId: string): Promise<(Job | Refusal)[]> {
    const lines = new Map<string, Promise<Job | Refusal>>();
    return settleAll(
      batch.messages.map((item, index) => {
        const line = conversationOf(item);
        const before = line === null ? undefined : lines.get(line);
        const accept = () => acceptItem(tx, item, { index, label: batch.label ?? null, requestId });
        const accepted = before === undefined ? accept() : before.then(accept);
        if (line !== null) lines.set(line, accepted);
        return accepted;
      }),
    );
  }

  /** A refusal comes before anything of the item is written, so the others keep their transaction. */
  async function acceptItem(
    tx: Tx,
    item: unknown,
    { index, label, requestId }: { readonly index: number; readonly label: string | null; readonly requestId: string },
  ): Promise<Job | Refusal> {
    // Before anything walks it: it may be nested deeper than a stack.
    const hazard = refuseHazard(item, `/messages/${index}`);
    if (hazard !== null) return hazard;
    if (Buffer.byteLength(JSON.stringify(item)) > maxMessageBytes) {
      return apiProblem('payload_too_large', `A message takes at most ${maxMessageBytes / 1024} KiB.`);
    }
    const parsed = messageBody.safeParse(item);
    if (!parsed.success) return refuseInvalid(parsed.error.issues, `/messages/${index}`);
    try {
      return await acceptMessage(tx, toMessage({ ...parsed.data, label: parsed.data.label ?? label }, requestId));
    } catch (error) {
      if (error instanceof Refusal) return error;
      throw error;
    }
  }
}

/** Not parsed yet: whatever it is, what stands there twice is one conversation. */
function conversationOf(item: unknown): string | null {
  if (typeof item !== 'object' || item === null || !('conversationId' in item)) return null;
  return typeof item.conversationId === 'string' ? item.conversationId : null;
}

function toMessage(body: MessageBody, requestId: string): MessageToAccept {
  const isGroup = body.recipientType === 'group';
  return {
    channelId: body.channelId ?? null,
    to: isGroup ? body.to : withPlus(body.to),
    conversationId: body.conversationId ?? null,
    groupId: body.groupId ?? null,
    externalId: body.externalId ?? null,
    label: body.label ?? null,
    sendAt: body.sendAt ?? null,
    expiresAt: body.expiresAt ?? null,
    metadata: body.metadata ?? {},
    request: {
      ...(body.activity === undefined ? { whatsapp: body.whatsapp ?? {} } : { activity: body.activity }),
      ...(isGroup && { recipientType: 'group' as const }),
      ...(typeof body.category === 'string' && { category: body.category }),
    },
    origin: 'api' satisfies Job['origin'],
    requestId,
  };
}
