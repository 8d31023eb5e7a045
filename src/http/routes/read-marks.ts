import { readMark, readMarkResult } from '../../contracts/http/read-marks.ts';
import { idInPath } from '../../contracts/http/primitives.ts';
import type { createMarkRead } from '../../usecases/mark-read.ts';
import { tenantAccess } from '../access.ts';
import type { App } from '../app.ts';

/** Read marks by hand. */
export function registerReadMarkRoute(
  app: App,
  { markRead }: { readonly markRead: ReturnType<typeof createMarkRead> },
): void {
  app.post('/v1/channels/:id/read', {
    config: { access: tenantAccess('messages:write') },
    schema: {
      operationId: 'markMessageRead',
      tags: ['channels'],
      summary: "Mark a person's message as read, and show that an answer is being written",
      description:
        'One call of WhatsApp, whatever `markRead` of the channel says. Earlier messages of the person are marked, too; typing ends ' +
        'with the answer, or after 25 seconds. What Kernel refuses is `refused`, with its problem.',
      params: idInPath,
      body: readMark,
      response: { 200: readMarkResult },
    },
    handler: async ({ tenantId, id: requestId, params, body }) => markRead({ tenantId, requestId }, params.id, body),
  });
}
