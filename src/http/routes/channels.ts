import { channelChange, channelView, newChannel } from '../../contracts/http/channels.ts';
import { pageOf, pageQuery } from '../../contracts/http/page.ts';
import { idInPath } from '../../contracts/http/primitives.ts';
import { toChannelView } from '../../domain/channel-view.ts';
import type { ChannelRow } from '../../store/channel-row.ts';
import type { Tx } from '../../store/transactions.ts';
import { createChannelConfigurer } from '../../usecases/configure-channel.ts';
import { tenantAccess } from '../access.ts';
import { answerCreation } from '../answer-creation.ts';
import type { App } from '../app.ts';
import type { AppDependencies } from '../app-dependencies.ts';
import type { CallbackKeySource } from '../callback-keys.ts';
import { callerOf } from '../caller.ts';
import { noBody } from '../no-body.ts';
import { answerPage, byTime } from '../pages.ts';

type ChannelDependencies = Pick<
  AppDependencies,
  | 'transactions'
  | 'keyRing'
  | 'channels'
  | 'urlGuard'
  | 'createId'
  | 'clock'
  | 'randomBytes'
  | 'publicUrl'
  | 'recordAudit'
> & { readonly callbackKeys: CallbackKeySource };

export function registerChannelRoutes(app: App, dependencies: ChannelDependencies): void {
  const { transactions, channels, publicUrl, callbackKeys } = dependencies;
  const configurer = createChannelConfigurer(dependencies);
  const config = { access: tenantAccess('config:write') };
  const actions = { access: tenantAccess('config:write', { isOperators: true }) };
  const show = (row: ChannelRow) => toChannelView(row, publicUrl);
  const within = async (tenantId: string, work: (tx: Tx) => Promise<ChannelRow>) =>
    show(await transactions.withTenant(tenantId, work));

  app.post('/v1/channels', {
    config,
    schema: {
      operationId: 'createChannel',
      tags: ['channels'],
      summary: 'Set up a WhatsApp number or a push sender',
      body: newChannel,
      response: { 201: channelView },
    },
    handler: async (request, reply) =>
      answerCreation(request, reply, dependencies, async (tx) => {
        const channel = await configurer.create(tx, callerOf(request), request.body);
        return { status: 201, body: show(channel), location: `/v1/channels/${channel.id}` };
      }),
  });

  app.get('/v1/channels', {
    config,
    schema: {
      operationId: 'listChannels',
      tags: ['channels'],
      summary: 'All channels, newest first',
      querystring: pageQuery,
      response: { 200: pageOf(channelView) },
    },
    handler: async (request) =>
      answerPage({
        query: request.query,
        format: byTime,
        load: (page) => transactions.withTenant(request.tenantId, (tx) => channels.list(tx, page)),
        positionOf: ({ createdAt, id }) => ({ createdAt, id }),
        show,
      }),
  });

  app.get('/v1/channels/:id', {
    config,
    schema: {
      operationId: 'getChannel',
      tags: ['channels'],
      summary: 'One channel; its secrets are never shown',
      params: idInPath,
      response: { 200: channelView },
    },
    handler: async ({ tenantId, params }) => within(tenantId, (tx) => configurer.require(tx, params.id)),
  });

  app.patch('/v1/channels/:id', {
    config,
    schema: {
      operationId: 'changeChannel',
      tags: ['channels'],
      summary: 'Replace the members given',
      description:
        'Members that are absent stay. New credentials or a new address resume a channel that an error has paused; one ' +
        'that was paused by hand waits for `…/resume`.',
      params: idInPath,
      body: channelChange,
      response: { 200: channelView },
    },
    async handler(request) {
      const { tenantId, params, body } = request;
      const changed = await within(tenantId, (tx) => configurer.change(tx, callerOf(request), params.id, body));
      callbackKeys.forget(params.id);
      return changed;
    },
  });

  app.delete('/v1/channels/:id', {
    config: { ...config, described: { refusals: [409] } },
    schema: {
      operationId: 'deleteChannel',
      tags: ['channels'],
      summary: 'Remove a channel that no job refers to',
      description: '409 `conflict` while jobs refer to it; pause it instead.',
      params: idInPath,
      response: { 204: noBody },
    },
    async handler(request, reply) {
      const { tenantId, params } = request;
      await transactions.withTenant(tenantId, (tx) => configurer.remove(tx, callerOf(request), params.id));
      callbackKeys.forget(params.id);
      return reply.code(204).send();
    },
  });

  app.post('/v1/channels/:id/pause', {
    config: actions,
    schema: {
      operationId: 'pauseChannel',
      tags: ['channels'],
      summary: 'Hold its messages; a paused channel stays as it is',
      params: idInPath,
      response: { 200: channelView },
    },
    handler: async (request) =>
      within(request.tenantId, (tx) => configurer.pause(tx, callerOf(request), request.params.id)),
  });

  app.post('/v1/channels/:id/resume', {
    config: actions,
    schema: {
      operationId: 'resumeChannel',
      tags: ['channels'],
      summary: 'Let its messages go on; an active channel stays as it is',
      params: idInPath,
      response: { 200: channelView },
    },
    handler: async (request) =>
      within(request.tenantId, (tx) => configurer.resume(tx, callerOf(request), request.params.id)),
  });
}
