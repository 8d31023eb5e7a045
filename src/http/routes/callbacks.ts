import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyRequest } from 'fastify';
import { Counter, type Registry } from 'prom-client';
import { z } from 'zod';
import { type CallbackNotice, readCallback } from '../../contracts/http/callback-items.ts';
import { callbackBody, type CallbackMessage } from '../../contracts/http/callbacks.ts';
import { apiProblem, type Refusal } from '../../domain/problems/refusal.ts';
import type { createApplyInbound } from '../../usecases/apply-inbound.ts';
import type { createApplyStatuses } from '../../usecases/apply-statuses.ts';
import { callbackAccess } from '../access.ts';
import type { App } from '../app.ts';
import type { AppDependencies } from '../app-dependencies.ts';
import type { CallbackKeySource } from '../callback-keys.ts';
import { mendJson } from '../../domain/json-hazards.ts';
import { isJsonObject } from '../../domain/rendering/payload.ts';
import type { RefusalCode } from '../../store/channel-signs.ts';
import { settleAll } from '../../store/coalesce.ts';
import type { KeepNotices } from '../../usecases/keep-notices.ts';
import { createNoticeCounter } from '../notice-counter.ts';
import type { ReadBody } from '../read-body.ts';
import { acceptRawBodies, decodeJson } from '../read-json.ts';
import { createStatusCounter } from '../status-counter.ts';

const maxCallbackBytes = 3 * 1024 * 1024;
const callbackResult = z.object({
  applied: z.number(),
  duplicates: z.number(),
  parked: z.number().describe('Statuses of messages that are not known (yet)'),
  received: z.number(),
  repeated: z.number().describe('Messages that had been received before'),
  unknownNumber: z.number().describe('Messages to a number that is no channel'),
  unreadable: z.number().describe('Statuses and messages that are kept as quarantined notices'),
  notices: z.number().describe('Everything else, and what cannot be read'),
  repeatedNotices: z.number(),
});
const params = z.object({ id: z.string().max(64).describe('The channel that the app of Meta belongs to') });

const verification = z.object({
  'hub.mode': z.string().max(64).describe('`subscribe`'),
  'hub.verify_token': z.string().max(1_000).describe("The channel's `verifyToken`"),
  'hub.challenge': z.string().max(1_000).describe('Echoed'),
});

/** What Kernel calls: the verification of the URL, and all that WhatsApp says. 200 means that every item is durable. */
export function registerCallbackRoutes(
  app: App,
  dependencies: Pick<AppDependencies, 'metrics' | 'clock' | 'channelSigns'> & {
    readonly callbackKeys: CallbackKeySource;
    readonly readBody: ReadBody;
    readonly applyStatuses: ReturnType<typeof createApplyStatuses>;
    readonly applyInbound: ReturnType<typeof createApplyInbound>;
    readonly keepNotices: KeepNotices;
  },
): void {
  const { applyStatuses, applyInbound, keepNotices, callbackKeys, readBody, clock, metrics, channelSigns } =
    dependencies;
  const countStatus = createStatusCounter(metrics);
  const countNotice = createNoticeCounter(metrics);
  const countRefusal = createRefusalCounter(metrics);

  function refuseSignature(
    channel: { tenantId: string; channelId: string },
    code: RefusalCode,
    detail: string,
  ): Refusal {
    countRefusal(code);
    channelSigns.noteRefusal(channel, code, clock());
    return apiProblem(code, detail);
  }

  /** Before a byte of the body is awaited: who cannot be right is told so at once, and holds no place meanwhile. */
  async function admitCallback(request: FastifyRequest): Promise<void> {
    // The router fills it for every path of these routes.
    const { id } = request.params as { id: string };
    const { tenantId } = await callbackKeys.read(id);
    if (signatureOf(request.headers) === undefined) {
      const channel = { tenantId, channelId: id };
      throw refuseSignature(channel, 'signature_missing', 'The callback has no X-Hub-Signature-256.');
    }
    request.admission?.claimChannel(id, tenantId);
  }

  async function requireSigned(channelId: string, header: string, raw: Buffer): Promise<string> {
    const keys = await callbackKeys.read(channelId);
    if (fits(header, raw, keys.secrets.appSecret)) return keys.tenantId;
    const { secrets, tenantId } = await callbackKeys.readAgain(channelId);
    if (secrets.appSecret !== keys.secrets.appSecret && fits(header, raw, secrets.appSecret)) return tenantId;
    const channel = { tenantId, channelId };
    throw refuseSignature(channel, 'signature_invalid', 'X-Hub-Signature-256 does not fit the body.');
  }

  void app.register(async (scope: App) => {
    acceptRawBodies(scope, readBody);
    scope.get(
      '/v1/channels/:id/callbacks',
      {
        config: { access: callbackAccess, described: { refusals: [403] } },
        schema: {
          operationId: 'verifyCallbackUrl',
          tags: ['callbacks'],
          summary: 'Verification of the callback URL (Meta)',
          params,
          querystring: verification,
          response: { 200: z.string() },
          produces: ['text/plain'],
        },
      },
      async (request, reply) => {
        const { secrets } = await callbackKeys.readAgain(request.params.id);
        const isSubscription = request.query['hub.mode'] === 'subscribe';
        if (!isSubscription || !isSame(request.query['hub.verify_token'], secrets.verifyToken)) {
          throw apiProblem('signature_invalid', 'The verify token is not that of this channel.');
        }
        // Plain text and never sniffed: the challenge is echoed as it came.
        return reply
          .type('text/plain; charset=utf-8')
          .header('x-content-type-options', 'nosniff')
          .send(request.query['hub.challenge']);
      },
    );

    scope.post(
      '/v1/channels/:id/callbacks',
      {
        config: { access: callbackAccess, described: { body: callbackBody, refusals: [401, 403] } },
        bodyLimit: maxCallbackBytes,
        onRequest: admitCallback,
        schema: {
          operationId: 'takeCallback',
          tags: ['callbacks'],
          summary: "WhatsApp's statuses and inbound messages (Meta's body)",
          description: 'Signed by X-Hub-Signature-256 over the raw bytes. 200 = all items are durable.',
          params,
          response: {
            200: callbackResult,
          },
        },
      },
      async (request) => {
        const raw = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
        const tenantId = await requireSigned(request.params.id, signatureOf(request.headers) ?? '', raw);
        const body = mendJson(decodeJson(raw));
        if (!isJsonObject(body)) throw apiProblem('invalid_request', "The body is not Meta's callback envelope.");
        const { messages, statuses, notices } = readCallback(body, clock());
        const unreadable = notices.filter(({ fault }) => fault !== null).map(({ list }) => list);
        countStatus('unreadable', unreadable.filter((list) => list === 'statuses').length);
        const { id: channelId } = request.params;
        const called = { tenantId, channelId, requestId: request.id };
        const strays: CallbackNotice[] = [];
        const noteStray = (message: CallbackMessage) => void strays.push(toStray(message));
        // Side by side: those of one kind do not wait for those of another.
        const statusWork = applyStatuses(tenantId, channelId, statuses, countStatus);
        const inboundWork = applyInbound(tenantId, channelId, messages, request.id, noteStray);
        const noticeWork = keepNotices(called, notices, countNotice);
        await settleAll<unknown>([statusWork, inboundWork, noticeWork]);
        const kept = await noticeWork;
        const keptStrays = await keepNotices(called, strays, countNotice);
        return {
          ...(await statusWork),
          ...(await inboundWork),
          unreadable: unreadable.filter((list) => list === 'statuses' || list === 'messages').length,
          notices: kept.notices + keptStrays.notices,
          repeatedNotices: kept.repeatedNotices + keptStrays.repeatedNotices,
        };
      },
    );
  });
}

/** Made again for a registry it goes on counting there. */
function createRefusalCounter(metrics: Registry): (code: RefusalCode) => void {
  const name = 'waypost_callbacks_refused_total';
  const existing = metrics.getSingleMetric(name);
  const help = "Callbacks of WhatsApp that were refused for their signature; the channel's health says which channel";
  const counter =
    existing instanceof Counter ? existing : new Counter({ name, help, labelNames: ['code'], registers: [metrics] });
  return (code) => counter.inc({ code });
}

/** A message to a number that is no channel: it can be had when the channel is there. */
function toStray({ raw, phoneNumberId }: CallbackMessage): CallbackNotice {
  return {
    field: 'messages',
    list: 'messages',
    raw,
    context: { metadata: { phone_number_id: phoneNumberId }, contacts: null },
    phoneNumberId: null,
    wabaId: null,
    fault: 'The message came to a number that is no channel of this tenant.',
    entryTime: null,
  };
}

/** Node joins a header that came twice into one text, which then fits nothing. */
function signatureOf(headers: IncomingHttpHeaders): string | undefined {
  const header = headers['x-hub-signature-256'];
  return Array.isArray(header) ? header.join(', ') : header;
}

/** Meta: `sha256=` and the hex HMAC of the raw bytes. */
function fits(header: string, raw: Buffer, appSecret: string): boolean {
  return isSame(header.toLowerCase(), `sha256=${createHmac('sha256', appSecret).update(raw).digest('hex')}`);
}

function isSame(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}
