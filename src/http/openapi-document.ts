import { addExamples } from './openapi-examples.ts';
import {
  listRefusals,
  type OpenApiDocument,
  type Operation,
  responseComponents,
  type RouteAnswers,
  takesIdempotencyKey,
} from './openapi-answers.ts';
import { describeEvents } from './openapi-webhooks.ts';

const parameters = {
  IdempotencyKey: {
    name: 'Idempotency-Key',
    in: 'header',
    required: false,
    description:
      'The same key with the same body gets the first answer again for 24 h, with `Idempotency-Replayed: true`',
    schema: { type: 'string', minLength: 1, maxLength: 255, pattern: '^[\\x21-\\x7e]+$' },
    example: 'order-9',
  },
};

const text = (description: string) => ({ schema: { type: 'string' }, description });
const creationHeaders = {
  Location: text('Where what was made can be read'),
  'Idempotency-Replayed': text('`true` = the first answer to this Idempotency-Key again'),
};

const answerWords: Readonly<Record<string, string>> = { '200': 'The answer', '201': 'Made', '202': 'Accepted' };

/**
 * Adds to every operation the problem documents that it may answer with, and to those that create the key's header; the events; and examples; and
 * takes out the schemas that nothing refers to (each is made twice, as it is read and as it is written).
 */
export function completeDocument<Document extends OpenApiDocument>(
  document: Document,
  answersOf: (operationId: string) => RouteAnswers,
): Document {
  const paths = document.paths ?? {};
  for (const [path, operations] of Object.entries(paths)) {
    for (const operation of Object.values(operations)) {
      completeOperation(operation, path, answersOf(operation.operationId ?? ''));
    }
  }
  const webhooks = describeEvents(document.components?.['schemas'] ?? {});
  const schemas = keepUsed(document.components?.['schemas'] ?? {}, [paths, webhooks, responseComponents]);
  const responses = Object.fromEntries(
    Object.entries(responseComponents).filter(([name]) => isReferred(paths, `responses/${name}`)),
  );
  const components = { ...document.components, schemas, responses, parameters };
  const completed = { ...document, components, webhooks };
  addExamples(completed);
  return completed;
}

function isReferred(value: unknown, place: string): boolean {
  return JSON.stringify(value).includes(`"#/components/${place}"`);
}

function keepUsed(schemas: Readonly<Record<string, unknown>>, roots: unknown): Record<string, unknown> {
  const used = new Set<string>();
  const pending = listReferences(roots);
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (used.has(name)) continue;
    used.add(name);
    pending.push(...listReferences(schemas[name]));
  }
  return Object.fromEntries(
    Object.entries(schemas).flatMap(([name, schema]) => (used.has(name) ? [[name, withoutAddress(schema)]] : [])),
  );
}

/** Each schema is made as a document of its own; here its place is its name. */
function withoutAddress(schema: unknown): unknown {
  if (typeof schema !== 'object' || schema === null) return schema;
  const { $id: _id, $schema: _dialect, ...rest }: { $id?: unknown; $schema?: unknown } = schema;
  return rest;
}

function listReferences(value: unknown): string[] {
  const matches = (JSON.stringify(value) ?? '').matchAll(/"#\/components\/schemas\/([^"]+)"/g);
  return [...matches].map((match) => match[1] ?? '');
}

function completeOperation(operation: Operation, path: string, route: RouteAnswers): void {
  const takesKey = takesIdempotencyKey(operation, route);
  const answers: Record<string, unknown> = {};
  for (const [status, answer] of Object.entries(operation.responses ?? {})) {
    answers[status] = describeAnswer(status, answer, takesKey);
  }
  operation.responses = { ...answers, ...listRefusals(operation, path, route) };
  if (takesKey) {
    operation.parameters = [...(operation.parameters ?? []), { $ref: '#/components/parameters/IdempotencyKey' }];
  }
}

interface Answer {
  readonly description?: string;
  readonly content?: Readonly<Record<string, { readonly schema?: unknown }>>;
}

function describeAnswer(status: string, answer: unknown, takesKey: boolean): unknown {
  if (typeof answer !== 'object' || answer === null) return answer;
  const { description = '', content, ...rest }: Answer = answer;
  return {
    ...rest,
    // The generator writes "Default Response" where a schema has no words of its own.
    description: description === 'Default Response' ? (answerWords[status] ?? 'Done') : description,
    ...(takesKey && { headers: creationHeaders }),
    ...(content !== undefined && { content: Object.fromEntries(Object.entries(content).map(describeContent)) }),
  };
}

/** The generator gives every media type the one schema; a page for people is a text beside it. */
function describeContent([mediaType, media]: [string, { readonly schema?: unknown }]): [string, unknown] {
  return [mediaType, mediaType === 'text/html' ? { schema: { type: 'string' } } : media];
}
