import { erasureResult, recipientInPath, recipientOfChannel, seenRecipient } from '../../contracts/http/recipients.ts';
import { describeRemainders } from '../../domain/erasure.ts';
import { nameOfIdentity, viewRecipient } from '../../domain/identity/identity.ts';
import { windowAt } from '../../domain/message/conversation-window.ts';
import { viewOptOut } from '../../domain/opt-out.ts';
import { apiProblem } from '../../domain/problems/refusal.ts';
import { findSeenRecipient } from '../../store/recipient-views.ts';
import { findReplyWindow } from '../../store/reply-windows.ts';
import type { EraseRecipient } from '../../usecases/erase-recipient.ts';
import { tenantAccess } from '../access.ts';
import type { App } from '../app.ts';
import type { AppDependencies } from '../app-dependencies.ts';
import { callerOf } from '../caller.ts';

export function registerRecipientRoutes(
  app: App,
  dependencies: Pick<AppDependencies, 'clock' | 'transactions' | 'channels' | 'optOuts'> & {
    readonly eraseRecipient: EraseRecipient;
  },
): void {
  const { eraseRecipient, transactions, channels, optOuts, clock } = dependencies;

  app.get('/v1/channels/:id/recipients/:identity', {
    config: { access: tenantAccess('jobs:read') },
    schema: {
      operationId: 'getRecipient',
      tags: ['channels'],
      summary: 'A person as a channel knows them',
      description: 'Whichever id is given, all ids of the person are meant. 404 where the tenant has never seen it.',
      params: recipientOfChannel,
      response: { 200: seenRecipient },
    },
    async handler({ tenantId, params: { id: channelId, identity: id } }) {
      const seen = await transactions.withTenant(tenantId, async (tx) => {
        if ((await channels.findWhatsapp(tx, channelId)) === null) return null;
        const found = await findSeenRecipient(tx, { channelId, id });
        const person = found?.recipient?.name ?? nameOfIdentity(id);
        const window = await findReplyWindow(tx, { channelId, person });
        return found && { ...found, window, optedOut: await optOuts.find(tx, tenantId, id) };
      });
      const recipient = seen === null ? null : viewRecipient(id, seen.recipient);
      if (seen === null || recipient === null) throw apiProblem('not_found', 'This channel knows nobody by this id.');
      const { state, closesAt } = windowAt(seen.window, clock());
      return {
        recipient,
        name: seen.name,
        window: { state, closesAt: closesAt?.toISOString() ?? null },
        optedOut: seen.optedOut.map(viewOptOut),
        waiting: seen.waiting,
        lastInboundAt: seen.lastInboundAt?.toISOString() ?? null,
        lastOutboundAt: seen.lastOutboundAt?.toISOString() ?? null,
      };
    },
  });

  app.delete('/v1/recipients/:to', {
    config: { access: tenantAccess('messages:write') },
    schema: {
      operationId: 'eraseRecipient',
      tags: ['jobs'],
      summary: 'Erase all that is kept of a person',
      description:
        'Messages to and from any id of the person that were accepted up to now go with their attempts, timelines, problems, files, ' +
        'statuses, events and deliveries. What is not sent yet is cancelled; what is on the wire goes when it ends. It ' +
        'answers 200, for it says what went (by this erasure, so far) and what remains. Again, it says how far it is, and ' +
        'covers what came meanwhile. Every call leaves an entry in the audit, without the id.',
      params: recipientInPath,
      response: { 200: erasureResult },
    },
    async handler(request) {
      const state = await eraseRecipient(callerOf(request), request.params.to);
      return {
        complete: state.isComplete,
        erased: state.erased,
        remains: describeRemainders(state, clock()).map((each) => ({
          ...each,
          until: each.until?.toISOString() ?? null,
        })),
      };
    },
  });
}
