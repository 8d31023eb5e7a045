import pg from 'pg';
import type { Subjects } from './calls.ts';
import type { SeededTenant } from './seed.ts';

/** Of a filled tenant, what the calls are about. */
export async function findSubjects(
  databaseUrl: string,
  { id, channelIds, webhookId }: Pick<SeededTenant, 'id' | 'channelIds' | 'webhookId'>,
): Promise<Subjects> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query("select set_config('waypost.tenant', $1, false)", [id]);
    const find = async (condition: string) => {
      const text = `select id from job where ${condition} order by created_at desc limit 1`;
      return (await client.query<{ id: string }>(text)).rows[0]?.id ?? '';
    };
    return {
      channelIds,
      webhookId,
      batchId: await find("external_id = 'the-large-one'"),
      messageId: await find("attempts = 3 and kind = 'message'"),
      lastEvent: Number((await client.query<{ last: string }>('select last_event_sequence() as last')).rows[0]?.last),
    };
  } finally {
    await client.end();
  }
}
