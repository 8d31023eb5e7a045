import { listedOptOut, optOutBody, optOutQuery, optOutsOfPerson, personInPath } from '../../contracts/http/opt-outs.ts';
import { pageOf, pageQuery } from '../../contracts/http/page.ts';
import { viewRecipient } from '../../domain/identity/identity.ts';
import { type OptOut, viewOptOut } from '../../domain/opt-out.ts';
import { apiProblem } from '../../domain/problems/refusal.ts';
import { findKnown } from '../../store/people.ts';
import type { Tx } from '../../store/transactions.ts';
import { tenantAccess } from '../access.ts';
import type { App } from '../app.ts';
import type { AppDependencies } from '../app-dependencies.ts';
import { noBody } from '../no-body.ts';
import { answerPage, byCount } from '../pages.ts';

const tags = ['jobs'];
const path = '/v1/opt-outs/:identity';

/** Who does not want what, on all channels of the tenant. */
export function registerOptOutRoutes(
  app: App,
  dependencies: Pick<AppDependencies, 'clock' | 'transactions' | 'optOuts'>,
): void {
  const { transactions, optOuts, clock } = dependencies;
  const read = { access: tenantAccess('jobs:read') };
  const write = { access: tenantAccess('messages:write') };

  async function show(tx: Tx, identity: string, optedOut: readonly OptOut[]) {
    const recipient = viewRecipient(identity, await findKnown(tx, identity));
    return { identity, recipient, optedOut: optedOut.map(viewOptOut) };
  }

  app.get('/v1/opt-outs', {
    config: read,
    schema: {
      operationId: 'listOptOuts',
      tags,
      summary: 'Who does not want what, newest first',
      querystring: pageQuery,
      response: { 200: pageOf(listedOptOut) },
    },
    async handler({ query, tenantId }) {
      return answerPage({
        query,
        format: byCount,
        load: (page) => transactions.withTenant(tenantId, (tx) => optOuts.list(tx, page)),
        positionOf: ({ position }) => position,
        show: ({ id, recipient, ...optOut }) => ({
          identity: id,
          recipient: viewRecipient(id, recipient),
          ...viewOptOut(optOut),
        }),
      });
    },
  });

  app.get(path, {
    config: read,
    schema: {
      operationId: 'getOptOut',
      tags,
      summary: 'What a person does not want to get',
      description: '404 where there is nothing that the person does not want.',
      params: personInPath,
      response: { 200: optOutsOfPerson },
    },
    async handler({ tenantId, params: { identity } }) {
      return transactions.withTenant(tenantId, async (tx) => {
        const optedOut = await optOuts.find(tx, tenantId, identity);
        if (optedOut.length === 0) throw noOptOut();
        return show(tx, identity, optedOut);
      });
    },
  });

  app.put(path, {
    config: write,
    schema: {
      operationId: 'putOptOut',
      tags,
      summary: 'A person does not want messages of a category',
      description: 'From the answer on no such message goes out, on any channel. Again, it changes nothing.',
      params: personInPath,
      body: optOutBody,
      response: { 200: optOutsOfPerson },
    },
    async handler({ tenantId, params: { identity }, body: { category } }) {
      return transactions.withTenant(tenantId, async (tx) => {
        const said = { tenantId, id: identity, source: 'api', channelId: null, now: clock() } as const;
        await optOuts.optOut(tx, { ...said, category });
        return show(tx, identity, await optOuts.find(tx, tenantId, identity));
      });
    },
  });

  app.delete(path, {
    config: write,
    schema: {
      operationId: 'deleteOptOut',
      tags,
      summary: 'A person wants messages again',
      description: 'Ends all opt-outs of the person, or those of a category. 404 where there is none.',
      params: personInPath,
      querystring: optOutQuery,
      response: { 204: noBody },
    },
    async handler({ tenantId, params: { identity }, query: { category = null } }, reply) {
      const said = { tenantId, id: identity, source: 'api', channelId: null, now: clock() } as const;
      const isEnded = await transactions.withTenant(tenantId, (tx) => optOuts.optIn(tx, { ...said, category }));
      if (!isEnded) throw noOptOut();
      return reply.code(204).send();
    },
  });
}

function noOptOut() {
  return apiProblem('not_found', 'There is no opt-out of this person.');
}
