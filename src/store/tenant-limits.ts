import { apiProblem } from '../domain/problems/refusal.ts';
import type { Tx } from './transactions.ts';

/** How many of each a tenant may have: far above what anybody needs, far below what would burden the others. */
const limits = {
  channel: { max: 500, title: 'channels', count: 'select 1 from channel' },
  integration: { max: 500, title: 'integrations', count: 'select 1 from integration' },
  webhook: { max: 50, title: 'webhook endpoints', count: 'select 1 from webhook' },
  apiKey: {
    max: 500,
    title: 'API keys, expired ones included',
    count: 'select 1 from api_key where revoked_at is null',
  },
} as const;

/**
 * Refuses with `limit_reached` where the tenant has as many as it may; those who add one wait for each other until their
 * transactions end.
 */
export async function requireRoomForOneMore(tx: Tx, tenantId: string, kind: keyof typeof limits): Promise<void> {
  const { max, title, count } = limits[kind];
  await tx.execute({ text: 'select 1 from tenant where id = $1 for no key update', values: [tenantId] });
  const rows = await tx.query<{ count: number }>({
    text: `select count(*)::integer as count from (${count} limit $1) bounded`,
    values: [max],
  });
  if ((rows[0]?.count ?? 0) < max) return;
  throw apiProblem('limit_reached', `A tenant has at most ${max} ${title}.`);
}
