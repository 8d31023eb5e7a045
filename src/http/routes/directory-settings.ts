import { directorySource, directorySourceView, targetScreens } from '../../contracts/http/directory.ts';
import { changedMembers } from '../../domain/audit.ts';
import {
  type DirectorySource,
  findDirectorySource,
  findTargetScreens,
  lockTenantSettings,
  saveDirectorySource,
  saveTargetScreens,
} from '../../store/tenants.ts';
import { requireAllowedUrls } from '../../usecases/require-allowed-url.ts';
import { tenantAccess } from '../access.ts';
import type { App } from '../app.ts';
import type { AppDependencies } from '../app-dependencies.ts';
import { callerOf } from '../caller.ts';

/** Settings that a tenant has one of: where its directory is, and which screens a notification may open. */
export function registerDirectorySettingRoutes(
  app: App,
  dependencies: Pick<AppDependencies, 'transactions' | 'keyRing' | 'urlGuard' | 'recordAudit'>,
): void {
  const { transactions, keyRing, urlGuard, recordAudit } = dependencies;
  const config = { access: tenantAccess('config:write') };

  app.put('/v1/directory/source', {
    config,
    schema: {
      operationId: 'putDirectorySource',
      tags: ['directory'],
      summary: 'Choose where merchants and users come from',
      description: 'With `http`, `GET {url}/merchants/{merchantId}/active-users` is asked for each merchant.',
      body: directorySource,
      response: { 200: directorySourceView },
    },
    async handler(request) {
      const { tenantId, body } = request;
      if (body.kind === 'http') requireAllowedUrls(urlGuard, { '/url': body.url });
      await transactions.withTenant(tenantId, async (tx) => {
        await lockTenantSettings(tx);
        const changed = changedMembers(await findDirectorySource(tx, keyRing), body);
        if (changed.length === 0) return;
        await saveDirectorySource(tx, tenantId, body, keyRing);
        await recordAudit(tx, callerOf(request), { action: 'directory_source.updated', targetId: null, changed });
      });
      return showSource(body);
    },
  });

  app.get('/v1/directory/source', {
    config,
    schema: {
      operationId: 'getDirectorySource',
      tags: ['directory'],
      summary: 'Where merchants and users come from',
      response: { 200: directorySourceView },
    },
    handler: async ({ tenantId }) =>
      showSource(await transactions.withTenant(tenantId, (tx) => findDirectorySource(tx, keyRing))),
  });

  app.put('/v1/target-screens', {
    config,
    schema: {
      operationId: 'putTargetScreens',
      tags: ['directory'],
      summary: 'Replace the allowed screens',
      body: targetScreens,
      response: { 200: targetScreens },
    },
    async handler(request) {
      const { tenantId, body } = request;
      const screens = Object.keys(body).length === 0 ? null : body;
      await transactions.withTenant(tenantId, async (tx) => {
        await lockTenantSettings(tx);
        const changed = changedMembers((await findTargetScreens(tx)) ?? {}, body);
        if (changed.length === 0) return;
        await saveTargetScreens(tx, screens);
        await recordAudit(tx, callerOf(request), { action: 'target_screens.updated', targetId: null, changed });
      });
      return body;
    },
  });

  app.get('/v1/target-screens', {
    config,
    schema: {
      operationId: 'getTargetScreens',
      tags: ['directory'],
      summary: 'The allowed screens; empty = any',
      response: { 200: targetScreens },
    },
    async handler({ tenantId }) {
      const screens = (await transactions.withTenant(tenantId, findTargetScreens)) ?? {};
      return Object.fromEntries(Object.entries(screens).map(([name, parameters]) => [name, [...parameters]]));
    },
  });
}

function showSource(source: DirectorySource) {
  return source.kind === 'postgres'
    ? { kind: source.kind }
    : { kind: source.kind, url: source.url, hasApiKey: source.apiKey !== null };
}
