import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';
import { type Access, isOpenToOperator, publicAccess, type RouteDescription } from './access.ts';
import { commonProblemSchema, type OpenApiDocument, type RouteAnswers } from './openapi-answers.ts';
import { completeDocument } from './openapi-document.ts';

const tags = [
  { name: 'messages', description: 'Send chat messages, one or many' },
  { name: 'notifications', description: 'Send notifications to merchants and their users' },
  { name: 'jobs', description: 'What became of everything accepted' },
  { name: 'problems', description: 'Error documents and the registry of their types' },
  { name: 'channels', description: 'WhatsApp numbers and push senders' },
  { name: 'integrations', description: 'Systems that send notifications and get their errors back' },
  { name: 'events', description: 'What happened, to be pulled or streamed' },
  { name: 'webhooks', description: 'Subscribers that events are sent to' },
  { name: 'directory', description: 'Merchants, users and their push tokens' },
  { name: 'inbox', description: 'What users read in their notification centre' },
  { name: 'callbacks', description: 'Where providers and bots call in' },
  { name: 'keys', description: 'API keys of a tenant' },
  { name: 'audit', description: 'Who changed which setting' },
  { name: 'tenants', description: 'For the operator, with the admin key' },
  { name: 'operation', description: 'Probes, figures and the codec of the Temporal Web UI' },
];

const securityOf: Readonly<Record<Access['kind'], readonly Record<string, string[]>[]>> = {
  public: [],
  callback: [],
  admin: [{ adminKey: [] }],
  key: [{ bearerKey: [] }, { headerKey: [] }, { adminKey: [] }],
  tenant: [{ bearerKey: [] }, { headerKey: [] }],
};

/** Describes every route that is registered after this, out of the schemas that validate it. */
export async function describeRoutes(
  app: FastifyInstance,
  { publicUrl }: { readonly publicUrl: string },
): Promise<void> {
  const described = new Map<string, RouteDescription>();
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Waypost',
        version: '1',
        license: { name: 'MIT', url: 'https://opensource.org/license/mit' },
        description:
          'Durable delivery of messages and notifications. Every error is a problem document (RFC 9457); every POST that ' +
          'creates takes an `Idempotency-Key`; lists are paged by `limit` and `cursor`.',
      },
      servers: [{ url: publicUrl }],
      tags: tags.toSorted((left, right) => (left.name < right.name ? -1 : 1)),
      components: {
        securitySchemes: {
          bearerKey: { type: 'http', scheme: 'bearer', description: 'A key of a tenant, `wp_…`' },
          headerKey: { type: 'apiKey', in: 'header', name: 'X-Api-Key', description: 'The same key' },
          adminKey: { type: 'http', scheme: 'bearer', description: 'WAYPOST_ADMIN_KEY' },
          operatedTenant: {
            type: 'apiKey',
            in: 'header',
            name: 'X-Waypost-Tenant',
            description: 'The tenant that the operator reads and acts for, beside the admin key',
          },
        },
      },
    },
    transform: (input) => {
      const { access, described: route = {} } = input.route.config ?? {};
      const body = route.body === undefined ? {} : { body: route.body };
      const { schema, url } = jsonSchemaTransform({ ...input, schema: { ...input.schema, ...body } });
      if (schema.operationId !== undefined) described.set(schema.operationId, route);
      const scope = access?.kind === 'tenant' ? `Scope \`${access.scope}\`.` : '';
      const description = [schema.description ?? schema.summary, scope].filter(Boolean).join('\n\n');
      const isOperators = access !== undefined && isOpenToOperator(String(input.route.method), access);
      const security = [
        ...securityOf[access?.kind ?? 'public'],
        ...(isOperators ? [{ adminKey: [], operatedTenant: [] }] : []),
      ];
      return { url, schema: { ...schema, description, security } };
    },
    transformObject: (input) =>
      completeDocument(jsonSchemaTransformObject(input) as OpenApiDocument, (operationId) =>
        toAnswers(described.get(operationId) ?? {}),
      ),
  });
}

function toAnswers(route: RouteDescription): RouteAnswers {
  return { refusals: [], takesIdempotencyKey: false, problemSchema: commonProblemSchema, ...route };
}

/** Both run in the page, which gets their text; there, the plugin calls the whole `ui`. */
declare const ui: { readonly layoutActions: { show(thing: readonly string[], isShown: boolean): void } };
function openMessages(): void {
  ui.layoutActions.show(['operations-tag', 'messages'], true);
}
function messagesFirst(left: string, right: string): number {
  return Number(right === 'messages') - Number(left === 'messages') || (left < right ? -1 : 1);
}

/** `/openapi.json`, and `/docs`, which is rendered from files of our own and calls nobody. */
export async function serveDescription(app: FastifyInstance): Promise<void> {
  app.get('/openapi.json', {
    config: { access: publicAccess },
    schema: { hide: true },
    handler: async () => app.swagger(),
  });
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    uiConfig: {
      deepLinking: true,
      docExpansion: 'none',
      persistAuthorization: false,
      tagsSorter: messagesFirst,
      onComplete: openMessages,
    },
    theme: { title: 'Waypost API' },
    staticCSP: "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'",
  });
}
