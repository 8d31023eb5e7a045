import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { callbackBody, readStatuses } from '../../contracts/http/callbacks.ts';
import { apiProblem } from '../../domain/problems/refusal.ts';
import { findChannelTenant } from '../../store/cross-tenant.ts';
import type { createApplyStatuses } from '../../usecases/apply-statuses.ts';
import { callbackAccess } from '../access.ts';
import type { App } from '../app.ts';
import type { AppDependencies } from '../app-dependencies.ts';
import { acceptRawBodies, parseJson } from '../read-json.ts';

const maxCallbackBytes = 3 * 1024 * 1024;
const params = z.object({ id: z.string().max(64) });

const verification = z.object({
  'hub.mode': z.string().max(64),
  'hub.verify_token': z.string().max(1_000),
  'hub.challenge': z.string().max(1_000),
});

/** What Kernel calls: the verification of the URL, and statuses. 200 means that every item is durable. */
export function registerCallbackRoutes(
  app: App,
  dependencies: Pick<AppDependencies, 'transactions' | 'channels'> & {
    readonly applyStatuses: ReturnType<typeof createApplyStatuses>;
  },
): void {
  const { transactions, channels, applyStatuses } = dependencies;

  /** The channel's tenant and secrets; who asks for a channel that is not there learns only that. */
  async function openChannel(id: string) {
    const tenantId = await transactions.acrossTenants((tx) => findChannelTenant(tx, id));
    const secrets =
      tenantId === null
        ? null
        : await transactions.withTenant(tenantId, async (tx) =>
            (await channels.findWhatsapp(tx, id)) === null ? null : channels.openWhatsappSecrets(tx, id),
          );
    if (tenantId === null || secrets === null) throw apiProblem('not_found', 'There is no channel of this id.');
    return { tenantId, secrets };
  }

  void app.register(async (scope: App) => {
    acceptRawBodies(scope);
    scope.get(
      '/v1/channels/:id/callbacks',
      {
        config: { access: callbackAccess },
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
        const { secrets } = await openChannel(request.params.id);
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
        config: { access: callbackAccess },
        bodyLimit: maxCallbackBytes,
        schema: {
          operationId: 'takeCallback',
          tags: ['callbacks'],
          summary: "WhatsApp's statuses and inbound messages (Meta's body)",
          description: 'Signed by X-Hub-Signature-256 over the raw bytes. 200 = all items are durable.',
          params,
          response: {
            200: z.object({ applied: z.number(), duplicates: z.number(), parked: z.number(), unreadable: z.number() }),
          },
        },
      },
      async (request) => {
        const { tenantId, secrets } = await openChannel(request.params.id);
        const raw = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
        requireSignature(request.headers['x-hub-signature-256'], raw, secrets.appSecret);
        const parsed = callbackBody.safeParse(parseJson(raw));
        if (!parsed.success) throw apiProblem('invalid_request', "The body is not Meta's callback envelope.");
        const { statuses, unreadable } = readStatuses(parsed.data);
        return { ...(await applyStatuses(tenantId, request.params.id, statuses)), unreadable };
      },
    );
  });
}

/** Meta: `sha256=` and the hex HMAC of the raw bytes. Absent 401, wrong 403. */
function requireSignature(header: string | string[] | undefined, raw: Buffer, appSecret: string): void {
  if (header === undefined) throw apiProblem('signature_missing', 'The callback has no X-Hub-Signature-256.');
  const expected = `sha256=${createHmac('sha256', appSecret).update(raw).digest('hex')}`;
  if (!isSame(String(header).toLowerCase(), expected)) {
    throw apiProblem('signature_invalid', 'X-Hub-Signature-256 does not fit the body.');
  }
}

function isSame(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}
