import { idInPath } from '../../contracts/http/primitives.ts';
import { templateList } from '../../contracts/http/templates.ts';
import { apiProblem } from '../../domain/problems/refusal.ts';
import { listTemplatesOf, replaceTemplates } from '../../store/templates.ts';
import type { Tx } from '../../store/transactions.ts';
import { tenantAccess } from '../access.ts';
import type { App } from '../app.ts';
import type { AppDependencies } from '../app-dependencies.ts';

const tags = ['channels'];

/** The message templates of a channel's WhatsApp business account. */
export function registerTemplateRoutes(
  app: App,
  dependencies: Pick<AppDependencies, 'clock' | 'transactions' | 'channels' | 'listTemplates'>,
): void {
  const { transactions, channels, listTemplates, clock } = dependencies;

  async function find(tx: Tx, id: string) {
    const channel = await channels.findWhatsapp(tx, id);
    if (channel === null) throw apiProblem('not_found', 'There is no WhatsApp channel of this id.');
    return channel;
  }

  async function show(tx: Tx, wabaId: string | null) {
    const templates = wabaId === null ? [] : await listTemplatesOf(tx, wabaId);
    return { data: templates.map((each) => ({ ...each, updatedAt: each.updatedAt.toISOString() })) };
  }

  app.get('/v1/channels/:id/templates', {
    config: { access: tenantAccess('jobs:read') },
    schema: {
      operationId: 'listTemplates',
      tags,
      summary: 'The templates of its WhatsApp business account',
      description: 'As WhatsApp told of them last, by a sync or by itself. Empty without a `wabaId`.',
      params: idInPath,
      response: { 200: templateList },
    },
    handler: async ({ tenantId, params }) =>
      transactions.withTenant(tenantId, async (tx) => show(tx, (await find(tx, params.id)).settings.wabaId)),
  });

  app.post('/v1/channels/:id/templates/sync', {
    config: { access: tenantAccess('config:write'), described: { refusals: [409, 503] } },
    schema: {
      operationId: 'syncTemplates',
      tags,
      summary: 'Ask WhatsApp for all its templates',
      description: 'What waits for a template is judged anew. 409 `conflict` where the channel has no `wabaId`.',
      params: idInPath,
      response: { 200: templateList },
    },
    async handler({ tenantId, params }) {
      const channel = await transactions.withTenant(tenantId, (tx) => find(tx, params.id));
      const { wabaId, apiBaseUrl } = channel.settings;
      if (wabaId === null) throw apiProblem('conflict', 'The channel has no wabaId, whose templates they would be.');
      const credentials = channels.openSecrets(channel);
      const owner = { tenantId, destination: channel.id };
      const answer = await listTemplates({ owner, apiBaseUrl, credentials, wabaId });
      if (answer.kind === 'unavailable') throw apiProblem('templates_unavailable', answer.detail);
      return transactions.withTenant(tenantId, async (tx) => {
        await replaceTemplates(tx, { tenantId, wabaId, channelId: channel.id, now: clock() }, answer.templates);
        return show(tx, wabaId);
      });
    },
  });
}
