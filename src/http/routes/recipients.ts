import { erasureResult, recipientInPath } from '../../contracts/http/recipients.ts';
import { describeRemainders } from '../../domain/erasure.ts';
import type { EraseRecipient } from '../../usecases/erase-recipient.ts';
import { tenantAccess } from '../access.ts';
import type { App } from '../app.ts';
import type { AppDependencies } from '../app-dependencies.ts';
import { callerOf } from '../caller.ts';

export function registerRecipientRoute(
  app: App,
  { eraseRecipient, clock }: Pick<AppDependencies, 'clock'> & { readonly eraseRecipient: EraseRecipient },
): void {
  app.delete('/v1/recipients/:to', {
    config: { access: tenantAccess('jobs:write') },
    schema: {
      operationId: 'eraseRecipient',
      tags: ['jobs'],
      summary: 'Erase all that is kept of a phone number',
      description:
        'Messages to it and from it that were accepted up to now go with their attempts, timelines, problems, files, ' +
        'statuses, events and deliveries. What is not sent yet is cancelled; what is on the wire goes when it ends. It ' +
        'answers 200, for it says what went (by this erasure, so far) and what remains. Again, it says how far it is, and ' +
        'covers what came meanwhile. Every call leaves an entry in the audit, without the number.',
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
