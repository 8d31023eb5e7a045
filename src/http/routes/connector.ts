import type { FastifyReply, FastifyRequest } from 'fastify';
import {
  conversationBody,
  conversationResource,
  inConversation,
  inReplyTo,
  botAddress,
  resourceResponse,
} from '../../contracts/http/connector.ts';
import { activityBody } from '../../contracts/http/messages.ts';
import { conversationIdOf, serviceUrlOf } from '../../domain/bot-address.ts';
import type { Job } from '../../domain/job.ts';
import { apiProblem } from '../../domain/problems/refusal.ts';
import type { BotActivity, createAcceptBotActivity } from '../../usecases/accept-bot-activity.ts';
import type { createShowTyping } from '../../usecases/mark-read.ts';
import { callbackAccess } from '../access.ts';
import { answerCreation } from '../answer-creation.ts';
import { type App, bodyLimitBytes } from '../app.ts';
import type { AppDependencies } from '../app-dependencies.ts';
import type { CallbackKeySource } from '../callback-keys.ts';
import { botPrefix, requireCapability } from '../capability.ts';
import type { ReadBody } from '../read-body.ts';
import { acceptJsonBodies, parseMendedJson } from '../read-json.ts';

const tags = ['callbacks'];
const description =
  'Where an unmodified bot of the Bot Framework or the Microsoft 365 Agents SDK calls back; the unguessable part of the ' +
  "path is the authorisation. `typing` marks the person's last message as read and is shown, as `markRead` of the channel says; what else is no message is skipped.";
const conversation = '/v3/conversations/:conversationId';

/** Calls of the Bot Framework's connector that have no counterpart at WhatsApp. */
const unsupportedCalls = [
  { method: 'PUT', url: `${conversation}/activities/:activityId`, lack: 'What was sent cannot be changed.' },
  { method: 'DELETE', url: `${conversation}/activities/:activityId`, lack: 'What was sent cannot be taken back.' },
  { method: 'POST', url: `${conversation}/activities/history`, lack: 'A past conversation cannot be shown.' },
  { method: 'POST', url: `${conversation}/attachments`, lack: 'Attachments go with their activity, as data or link.' },
  { method: 'GET', url: `${conversation}/activities/:activityId/members`, lack: 'Members are not listed.' },
  { method: 'GET', url: `${conversation}/members`, lack: 'Members are not listed.' },
  { method: 'GET', url: `${conversation}/pagedmembers`, lack: 'Members are not listed.' },
  { method: 'GET', url: `${conversation}/members/:memberId`, lack: 'Members are not listed.' },
  { method: 'DELETE', url: `${conversation}/members/:memberId`, lack: 'A conversation has one user, who stays.' },
  { method: 'GET', url: '/v3/conversations', lack: 'Conversations are not listed.' },
] as const;

/** The bot's way back: the part of the Bot Framework's connector API that a WhatsApp conversation can have. */
export function registerConnectorRoutes(
  app: App,
  dependencies: Pick<AppDependencies, 'transactions' | 'keyRing' | 'clock' | 'publicUrl' | 'createId'> & {
    readonly callbackKeys: CallbackKeySource;
    readonly readBody: ReadBody;
    readonly showTyping: ReturnType<typeof createShowTyping>;
    readonly acceptBotActivity: ReturnType<typeof createAcceptBotActivity>;
  },
): void {
  const { acceptBotActivity, showTyping, publicUrl, createId } = dependencies;

  /** Never refused for a backlog: the user has an answer to get. */
  async function accept<Body>(
    request: FastifyRequest,
    reply: FastifyReply,
    given: Omit<BotActivity, 'requestId'>,
    show: (made: Pick<Job, 'id'>) => Body,
  ): Promise<Body> {
    if (given.activity['type'] === 'typing') {
      await showTyping(request.tenantId, given.channelId, given.conversationId);
      reply.code(201);
      // Bots expect an id, which names nothing: no job is made.
      return show({ id: createId('message') });
    }
    return answerCreation(request, reply, dependencies, async (tx) => {
      const job = await acceptBotActivity(tx, { ...given, requestId: request.id });
      return { status: 201, body: show(job) };
    });
  }
  const admit = requireCapability(dependencies.callbackKeys);
  const config = { access: callbackAccess };
  const bodyLimit = bodyLimitBytes.default;

  async function registerRoutes(scope: App): Promise<void> {
    acceptJsonBodies(scope, dependencies.readBody, parseMendedJson);
    scope.addHook('onRequest', admit);

    scope.post(
      `${conversation}/activities`,
      {
        config,
        bodyLimit,
        schema: {
          operationId: 'sendToConversation',
          tags,
          summary: "A bot's activity for a conversation",
          description,
          params: inConversation,
          body: activityBody,
          response: { 201: resourceResponse },
        },
      },
      async (request, reply) => {
        const { channelId, conversationId } = request.params;
        const given = { channelId, conversationId, activityId: null, activity: request.body };
        return accept(request, reply, given, ({ id }) => ({ id }));
      },
    );

    scope.post(
      `${conversation}/activities/:activityId`,
      {
        config,
        bodyLimit,
        schema: {
          operationId: 'replyToActivity',
          tags,
          summary: "A bot's answer to an activity",
          description: `${description} What answers an inbound message has its id as \`groupId\`.`,
          params: inReplyTo,
          body: activityBody,
          response: { 201: resourceResponse },
        },
      },
      async (request, reply) => {
        const { channelId, conversationId, activityId } = request.params;
        const given = { channelId, conversationId, activityId, activity: request.body };
        return accept(request, reply, given, ({ id }) => ({ id }));
      },
    );

    scope.post(
      '/v3/conversations',
      {
        config,
        bodyLimit,
        schema: {
          operationId: 'createConversation',
          tags,
          summary: 'The conversation with a user who has not written yet',
          description,
          params: botAddress,
          body: conversationBody,
          response: { 201: conversationResource },
        },
      },
      async (request, reply) => {
        const { channelId, capability } = request.params;
        const { members, activity } = request.body;
        const conversationId = conversationIdOf(channelId, members[0]?.id ?? '');
        const made = { id: conversationId, serviceUrl: serviceUrlOf(publicUrl, channelId, capability) };
        if (activity === undefined || activity === null) return reply.code(201).send(made);
        const given = { channelId, conversationId, activityId: null, activity };
        return accept(request, reply, given, ({ id: activityId }) => ({ ...made, activityId }));
      },
    );

    for (const { method, url, lack } of unsupportedCalls) {
      scope.route({
        method,
        url,
        config: { ...config, described: { isUnsupported: true } },
        schema: { hide: true },
        exposeHeadRoute: false,
        handler: async () => {
          throw apiProblem('not_supported', `WhatsApp does not have this call. ${lack}`);
        },
      });
    }
  }

  void app.register(registerRoutes, { prefix: botPrefix });
}
