import { timingSafeEqual } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { apiProblem } from '../../domain/problems/refusal.ts';
import { createCodecCapability } from '../../usecases/codec-capability.ts';
import { adminAccess, callbackAccess, publicAccess } from '../access.ts';
import { type App, bodyLimitBytes } from '../app.ts';
import type { AppDependencies, CodecPayload } from '../app-dependencies.ts';

/** Payloads in the JSON form of Temporal's protobufs: bytes are base64. */
const payloads = z.object({
  payloads: z
    .array(
      z.object({
        metadata: z.record(z.string(), z.base64()).nullish(),
        data: z.base64().nullish(),
      }),
    )
    .max(10_000),
});
type Payloads = z.output<typeof payloads>;

const actions = ['decode', 'encode'] as const;

/**
 * The remote codec of the Temporal Web UI (docs.temporal.io, "Codec Server"): opens sealed payloads for an operator whose
 * browser knows the address. Only the UI's own origin may ask from a browser.
 */
export function registerCodecRoutes(
  app: App,
  dependencies: Pick<AppDependencies, 'payloadCodec' | 'adminKey' | 'links'>,
): void {
  const { payloadCodec } = dependencies;
  const capability = Buffer.from(createCodecCapability(dependencies.adminKey));
  const uiOrigin = new URL(dependencies.links.uiUrl).origin;

  async function admitBrowser(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    reply.header('vary', 'Origin');
    if (request.headers.origin !== uiOrigin) return;
    reply.headers({
      'access-control-allow-origin': uiOrigin,
      'access-control-allow-methods': 'POST',
      'access-control-allow-headers': 'authorization, content-type, x-namespace',
      'access-control-allow-credentials': 'true',
      'access-control-max-age': '600',
    });
  }

  /** Before a byte of the body is read. */
  async function requireCapability(request: FastifyRequest): Promise<void> {
    // The router fills it for every path of these routes.
    const given = Buffer.from((request.params as { capability: string }).capability);
    if (given.length === capability.length && timingSafeEqual(given, capability)) return;
    throw apiProblem('unauthorized', 'The address does not hold the capability of this codec.');
  }

  for (const action of actions) {
    const run = async (body: Payloads): Promise<Payloads> => {
      const given = body.payloads.map(toBytes);
      return { payloads: (await translate(payloadCodec[action], given)).map(toBase64) };
    };
    const schema = { tags: ['operation'], body: payloads, response: { 200: payloads } };
    app.post(`/codec/:capability/${action}`, {
      config: { access: callbackAccess },
      bodyLimit: bodyLimitBytes.notification,
      schema: {
        ...schema,
        operationId: `${action}PayloadsForUi`,
        summary: `For the Temporal Web UI: ${action} payloads`,
        description: 'The unguessable part of the path is the authorisation.',
        params: z.object({ capability: z.string().max(200) }),
      },
      onRequest: [admitBrowser, requireCapability],
      handler: async (request) => run(request.body),
    });
    app.post(`/codec/${action}`, {
      config: { access: adminAccess },
      bodyLimit: bodyLimitBytes.notification,
      schema: { ...schema, operationId: `${action}Payloads`, summary: `With the admin key: ${action} payloads` },
      onRequest: [admitBrowser],
      handler: async (request) => run(request.body),
    });
    for (const url of [`/codec/:capability/${action}`, `/codec/${action}`]) {
      app.options(url, {
        config: { access: publicAccess },
        schema: { hide: true },
        onRequest: [admitBrowser],
        handler: async (_request, reply) => reply.code(204).send(),
      });
    }
  }
}

async function translate(
  run: (payloads: CodecPayload[]) => Promise<CodecPayload[]>,
  given: CodecPayload[],
): Promise<CodecPayload[]> {
  try {
    return await run(given);
  } catch (cause) {
    // A key that is not in the ring, or bytes that are not ours: nothing that a second try would mend.
    throw apiProblem('invalid_request', 'A payload cannot be opened with the keys of this process.', { cause });
  }
}

function toBytes({ metadata, data }: Payloads['payloads'][number]): CodecPayload {
  const entries = Object.entries(metadata ?? {}).map(([name, text]) => [name, Buffer.from(text, 'base64')] as const);
  return { metadata: Object.fromEntries(entries), data: Buffer.from(data ?? '', 'base64') };
}

function toBase64({ metadata, data }: CodecPayload): Payloads['payloads'][number] {
  const entries = Object.entries(metadata ?? {}).map(([name, bytes]) => [name, encode(bytes)] as const);
  return { metadata: Object.fromEntries(entries), data: encode(data ?? new Uint8Array()) };
}

function encode(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
