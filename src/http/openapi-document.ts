/** The parts of an OpenAPI document that are completed here; everything else passes as it is. */
export interface OpenApiDocument {
  readonly paths?: Record<string, Record<string, Operation>>;
  readonly components?: Record<string, Record<string, unknown>>;
}

interface Operation {
  readonly security?: readonly unknown[];
  readonly requestBody?: unknown;
  parameters?: unknown[];
  responses?: Record<string, unknown>;
}

const problemContent = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } };
const responses = {
  Problem: { description: 'Any other error', content: problemContent },
  Invalid: { description: 'The body or a parameter breaks its schema; `errors` says where', content: problemContent },
  Unauthorized: { description: 'Key missing or wrong', content: problemContent },
  Forbidden: { description: 'The key lacks the scope', content: problemContent },
  NotFound: { description: 'There is no such object in this tenant', content: problemContent },
  Unavailable: {
    description: 'A part that this call needs is away; nothing was done',
    headers: { 'Retry-After': { schema: { type: 'integer' }, description: 'Seconds' } },
    content: problemContent,
  },
};
const parameters = {
  IdempotencyKey: {
    name: 'Idempotency-Key',
    in: 'header',
    required: false,
    description:
      'The same key with the same body gets the first answer again for 24 h, with `Idempotency-Replayed: true`',
    schema: { type: 'string', minLength: 1, maxLength: 255 },
  },
};

const answerWords: Readonly<Record<string, string>> = { '200': 'The answer', '201': 'Made', '202': 'Accepted' };

/**
 * Adds to every operation the problem documents that it may answer with, and to those that create the key's header; and
 * takes out the schemas that nothing refers to (each is made twice, as it is read and as it is written).
 */
export function completeDocument<Document extends OpenApiDocument>(document: Document): Document {
  for (const [path, operations] of Object.entries(document.paths ?? {})) {
    for (const [method, operation] of Object.entries(operations)) completeOperation(operation, method, path);
  }
  const schemas = keepUsed(document.components?.['schemas'] ?? {}, [document.paths, responses]);
  return { ...document, components: { ...document.components, schemas, responses, parameters } };
}

function keepUsed(schemas: Readonly<Record<string, unknown>>, roots: unknown): Record<string, unknown> {
  const used = new Map<string, unknown>();
  const pending = listReferences(roots);
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (used.has(name)) continue;
    used.set(name, schemas[name]);
    pending.push(...listReferences(schemas[name]));
  }
  return Object.fromEntries(Object.entries(schemas).filter(([name]) => used.has(name)));
}

function listReferences(value: unknown): string[] {
  const matches = (JSON.stringify(value) ?? '').matchAll(/"#\/components\/schemas\/([^"]+)"/g);
  return [...matches].map((match) => match[1] ?? '');
}

function completeOperation(operation: Operation, method: string, path: string): void {
  const ownContent = readOwnProblem(operation);
  const reference = (name: keyof typeof responses) =>
    ownContent === null
      ? { $ref: `#/components/responses/${name}` }
      : { ...responses[name], content: { 'application/problem+json': ownContent } };
  const isKeyed = (operation.security?.length ?? 0) > 0;
  const isForIntegrators = path.startsWith('/webhooks/integration/');
  const isCreation =
    method === 'post' && (isForIntegrators || ['201', '202'].some((status) => status in (operation.responses ?? {})));
  operation.responses = {
    ...Object.fromEntries(Object.entries(operation.responses ?? {}).map(nameAnswer)),
    ...(isKeyed && { '401': reference('Unauthorized'), '403': reference('Forbidden') }),
    ...(path.includes('{') && { '404': reference('NotFound') }),
    ...((operation.requestBody !== undefined || operation.parameters !== undefined) && { '422': reference('Invalid') }),
    ...(isKeyed && { '503': reference('Unavailable') }),
    default: reference('Problem'),
  };
  // A tenant's key owns the memory of its answers, so the operator's calls have none.
  if (isCreation && isKeyed && !path.startsWith('/v1/tenants')) {
    operation.parameters = [...(operation.parameters ?? []), { $ref: '#/components/parameters/IdempotencyKey' }];
  }
}

/** The schema of a route whose errors carry more than a problem; null = they are problems and nothing else. */
function readOwnProblem({ responses: own }: Operation): unknown {
  const answer = own?.['default'] as { readonly content?: Readonly<Record<string, unknown>> } | undefined;
  return answer?.content?.['application/json'] ?? null;
}

/** The generator writes "Default Response" where a schema has no words of its own. */
function nameAnswer([status, response]: [string, unknown]): [string, unknown] {
  const isNamed = typeof response !== 'object' || response === null || !('description' in response);
  if (isNamed || response.description !== 'Default Response') return [status, response];
  return [status, { ...response, description: answerWords[status] ?? 'Done' }];
}
