import type { SaidIdentity } from '../../src/domain/identity/learn-identity.ts';
import type { Job } from '../../src/domain/job.ts';
import { listJobs } from '../../src/store/job-lists.ts';
import { createEraseRecipient } from '../../src/usecases/erase-recipient.ts';
import { aCaller } from './a-caller.ts';
import { aSaid } from './a-said.ts';
import { openInboundFixture } from './inbound-fixture.ts';

/** Users who write with whatever ids WhatsApp tells of them. */
export async function openPeopleFixture(options: Parameters<typeof openInboundFixture>[0] = {}) {
  const place = await openInboundFixture(options);
  let count = 0;
  return {
    ...place,
    /** Ids of somebody whom no other test knows. */
    somebody() {
      count += 1;
      const n = String(count).padStart(4, '0');
      return { phone: `+3462200${n}`, newPhone: `+3462300${n}`, userId: `ES.22${n}`, newUserId: `ES.23${n}` };
    },
    async hear(channelId: string, said: Partial<SaidIdentity>, item: object = {}): Promise<Job> {
      const identity = aSaid({ at: place.clock(), ...said });
      const from = (identity.source === 'change' ? identity.former[0] : undefined) ?? identity.phones[0];
      const message = place.aText('Hola', { from: from ?? identity.userId ?? '' });
      const { from: _from, ...raw } = { ...message.raw, ...item };
      await place.receive(channelId, { ...message, said: identity, raw });
      const wamid = message.providerMessageId;
      const [row] = await place.rows<{ id: string }>('select id from job where provider_message_ids[1] = $1', [wamid]);
      return place.find(row?.id ?? '');
    },
    /** The jobs that the list shows for an id. */
    async idsOf(to: string): Promise<string[]> {
      const { rows } = await place.withTenant((tx) => listJobs(tx, { to }, { limit: 100, after: null }));
      return rows.map(({ id }) => id).toSorted();
    },
    erase(to: string) {
      const starter = { startErasure: async () => true };
      return createEraseRecipient({ ...place.stores, starter, clock: place.clock })(aCaller(place.tenantId), to);
    },
  };
}
