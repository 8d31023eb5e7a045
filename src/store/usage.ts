import type { Tx } from './transactions.ts';

/** What delivered messages may be counted by, and how a row tells it; days are UTC's. */
const valueOf = {
  channelId: 'channel_id',
  category: 'price_category',
  day: "to_char(delivered_at at time zone 'UTC', 'YYYY-MM-DD')",
} as const;
type UsageGroup = keyof typeof valueOf;

/** More than a tenant's channels, Meta's categories and the days of the longest range give together. */
const maxGroups = 10_000;

/** Of the groups those that were asked for. */
interface UsageCount {
  readonly channelId?: string | null;
  readonly category?: string | null;
  readonly day?: string;
  readonly delivered: number;
  readonly billable: number;
}

/** How many messages were delivered from `from` on and before `to`, each once, and how many of them are charged. */
export async function countUsage(
  tx: Tx,
  { from, to, groupBy }: { readonly from: Date; readonly to: Date; readonly groupBy: readonly UsageGroup[] },
): Promise<UsageCount[]> {
  const groups = groupBy.map((group) => `${valueOf[group]} as "${group}"`).join(', ');
  const order = groupBy.map((_group, index) => index + 1).join(', ');
  const rows = await tx.query<Omit<UsageCount, 'delivered' | 'billable'> & { delivered: string; billable: string }>({
    text: `select ${groups}, count(*) as delivered, count(*) filter (where is_billable) as billable
      from job where delivered_at >= $1 and delivered_at < $2
      group by ${order} order by ${order} limit ${maxGroups}`,
    values: [from, to],
  });
  return rows.map(({ delivered, billable, ...group }) => ({
    ...group,
    delivered: Number(delivered),
    billable: Number(billable),
  }));
}
