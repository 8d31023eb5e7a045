import type { OpenApiDocument, Operation } from './openapi-answers.ts';
import { requestExamples } from './openapi-requests.ts';
import { sampleOf } from './openapi-samples.ts';

interface Media {
  readonly schema?: unknown;
  examples?: unknown;
}

type Contents = Readonly<Record<string, { readonly content?: Readonly<Record<string, Media>> }>>;

/** A message that WhatsApp has taken, where its schema alone would contradict itself. */
const aJob = {
  waitingFor: { reason: 'status', until: '2026-03-02T12:00:00.000Z', detail: null, blockedBy: null },
  recipient: { phone: '+34600111222', userId: null, parentUserId: null, username: null },
  providerMessageIds: ['wamid.HBgLMzQ2MDAxMTEyMjI'],
  metadata: { team: 'billing' },
  origin: 'api',
};

/** Gives every body and every answer that has none a named example. Those of bodies can be sent as they are. */
export function addExamples(document: OpenApiDocument): void {
  const schemas = document.components?.['schemas'] ?? {};
  const job = sampleOf(schemas['Job'], schemas);
  const components = { ...schemas, Job: { examples: [{ ...(job as object), ...aJob }] } };
  const fill = (contents: Contents) => {
    for (const { content = {} } of Object.values(contents)) {
      for (const media of Object.values(content)) {
        media.examples ??= { example: { summary: 'What it looks like', value: sampleOf(media.schema, components) } };
      }
    }
  };
  const operations = Object.values(document.paths ?? {}).flatMap((path) => Object.values(path));
  for (const operation of operations) {
    giveBody(operation);
    fill((operation.responses ?? {}) as Contents);
  }
  for (const { post } of Object.values(document.webhooks ?? {})) fill({ body: post.requestBody });
  fill((document.components?.['responses'] ?? {}) as Contents);
}

function giveBody({ operationId = '', requestBody }: Operation): void {
  const { content = {} } = (requestBody ?? {}) as { content?: Record<string, Media> };
  for (const media of Object.values(content)) {
    const examples = requestExamples[operationId];
    if (examples === undefined) throw new Error(`${operationId} needs an example in http/openapi-requests.ts`);
    media.examples = examples;
  }
}
