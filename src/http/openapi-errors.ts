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

/** Adds to every operation the problem documents that it may answer with, and to those that create the key's header. */
export function describeErrors<Document extends OpenApiDocument>(document: Document): Document {
  for (const [path, operations] of Object.entries(document.paths ?? {})) {
    for (const [method, operation] of Object.entries(operations)) completeOperation(operation, method, path);
  }
  return { ...document, components: { ...document.components, responses, parameters } };
}

function completeOperation(operation: Operation, method: string, path: string): void {
  const reference = (name: keyof typeof responses) => ({ $ref: `#/components/responses/${name}` });
  const isKeyed = (operation.security?.length ?? 0) > 0;
  const isCreation = method === 'post' && ['201', '202'].some((status) => status in (operation.responses ?? {}));
  operation.responses = {
    ...operation.responses,
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
