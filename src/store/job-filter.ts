import type { JobKind } from '../domain/job.ts';
import { findOwnIds, isOwnedBy, type OwnId } from './people.ts';
import type { Tx } from './transactions.ts';

/** What a list of jobs may be narrowed by; absent members narrow nothing. */
export interface JobFilter {
  readonly kind?: JobKind | undefined;
  readonly state?: string | undefined;
  readonly errorCode?: string | undefined;
  readonly to?: string | undefined;
  /** All ids of the person that `to` names; absent = it is a person's only one. */
  readonly ownIds?: readonly OwnId[] | undefined;
  readonly conversationId?: string | undefined;
  readonly groupId?: string | undefined;
  readonly externalId?: string | undefined;
  readonly channelId?: string | undefined;
  readonly providerMessageId?: string | undefined;
  /** The jobs that `providerMessageId` names, which a resolved filter has in its place. */
  readonly ids?: readonly string[] | undefined;
  readonly userId?: string | undefined;
  readonly merchantId?: string | undefined;
  readonly integration?: string | undefined;
  readonly label?: string | undefined;
  readonly createdAfter?: Date | undefined;
  readonly createdBefore?: Date | undefined;
}

/** The filter with `to` meaning the person, whichever id it names, and with the jobs that `providerMessageId` is of. */
export async function resolveFilter(tx: Tx, filter: JobFilter): Promise<JobFilter> {
  const { to, providerMessageId } = filter;
  const person = to === undefined ? null : await findOwnIds(tx, to);
  const ids = providerMessageId === undefined ? undefined : await findJobsOfProviderId(tx, providerMessageId);
  const ownIds = person === null || person.personId === null ? undefined : person.ids;
  return { ...filter, providerMessageId: undefined, ids, ownIds };
}

/** Of a send by `message_part_pkey`, of a user's message by `job_inbound_once`. */
async function findJobsOfProviderId(tx: Tx, providerMessageId: string): Promise<string[]> {
  const rows = await tx.query<{ id: string }>({
    name: 'find-jobs-of-provider-id',
    text: `select job_id as id from message_part where provider_message_id = $1
      union
      select id from job where kind = 'inbound' and provider_message_ids[1] = $1
        and channel_id = any (array(select id from channel))`,
    values: [providerMessageId],
  });
  return rows.map(({ id }) => id);
}

/**
 * The filters that have an index in the order of the list or name few rows, those first that leave the fewest as a rule.
 * `kind` has one but for messages, which nearly all are.
 */
const leads = [
  'ids',
  'externalId',
  'groupId',
  'conversationId',
  'to',
  'userId',
  'merchantId',
  'label',
  'errorCode',
  'integration',
  'channelId',
  'state',
  'kind',
] as const;
export type Lead = (typeof leads)[number];

/** Those of a resolved filter's members that rows can be read along, the best first. `isWhole` = one of them is all of it. */
export function leadsOf(filter: JobFilter): { readonly usable: readonly Lead[]; readonly isWhole: boolean } {
  const given = leads.filter(
    // A user and a merchant are one recipient.
    (lead) => filter[lead] !== undefined && (lead !== 'merchantId' || filter.userId === undefined),
  );
  const usable = given.filter((lead) => lead !== 'kind' || filter.kind !== 'message');
  return { usable, isWhole: given.length === 0 || (given.length === 1 && usable.length === 1) };
}

/** What rows are read along (with the times; null = by nothing else), and what these are then asked. */
export function splitFilter(filter: JobFilter, lead: Lead | null): readonly [along: JobFilter, rest: JobFilter] {
  const { createdAfter, createdBefore, ownIds, merchantId } = filter;
  const times = { createdAfter, createdBefore };
  const rest = { ...filter, createdAfter: undefined, createdBefore: undefined };
  if (lead === null) return [times, rest];
  const along = { ...times, ...(lead === 'to' && { ownIds }), ...(lead === 'userId' && { merchantId }) };
  return [
    { ...along, [lead]: filter[lead] },
    { ...rest, [lead]: undefined, ...(lead === 'userId' && { merchantId: undefined }) },
  ];
}

/** A filter, resolved, as conditions on `job` with their values, to which a statement adds its own, numbered from there on. */
export function narrowJobs(
  filter: JobFilter,
  values: unknown[] = [],
): { readonly conditions: string[]; readonly values: unknown[] } {
  // Left out, it would narrow nothing, and a bulk action would take everything.
  if (filter.providerMessageId !== undefined) throw new Error('the filter is not resolved');
  const conditions: string[] = [];
  function narrow(column: string, value: unknown, operator = '='): void {
    if (value === undefined) return;
    values.push(value);
    conditions.push(`${column} ${operator} $${values.length}`);
  }
  narrow('kind', filter.kind);
  narrow('state', filter.state);
  narrow('error_code', filter.errorCode);
  if (filter.to !== undefined && filter.ownIds !== undefined) {
    values.push(
      filter.ownIds.map(({ id }) => id),
      JSON.stringify(filter.ownIds),
    );
    conditions.push(`recipient = any ($${values.length - 1})`, isOwnedBy(`$${values.length}`));
  } else {
    narrow('recipient', filter.to);
  }
  narrow('conversation_id', filter.conversationId);
  narrow('group_id', filter.groupId);
  narrow('external_id', filter.externalId);
  narrow('channel_id', filter.channelId);
  narrow('integration', filter.integration);
  narrow('label', filter.label);
  if (filter.ids !== undefined) {
    values.push(filter.ids);
    conditions.push(`id = any ($${values.length})`);
  }
  const { userId, merchantId } = filter;
  if (userId !== undefined) {
    values.push(userId);
    const ofUser = `select job_id from recipient where user_id = $${values.length}`;
    if (merchantId !== undefined) values.push(merchantId);
    conditions.push(`id in (${ofUser}${merchantId === undefined ? '' : ` and merchant_id = $${values.length}`})`);
  } else if (merchantId !== undefined) {
    values.push(merchantId);
    conditions.push(`id in (select job_id from receiver where merchant_id = $${values.length})`);
  }
  narrow('created_at', filter.createdAfter, '>');
  narrow('created_at', filter.createdBefore, '<');
  return { conditions, values };
}
