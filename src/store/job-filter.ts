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
  readonly createdAfter?: Date | undefined;
  readonly createdBefore?: Date | undefined;
}

/** The filter with `to` meaning the person, whichever id it names. */
export async function resolveFilter(tx: Tx, filter: JobFilter): Promise<JobFilter> {
  if (filter.to === undefined) return filter;
  const { personId, ids } = await findOwnIds(tx, filter.to);
  return personId === null ? filter : { ...filter, ownIds: ids };
}

/** A filter as conditions on `job` with their values, to which a statement adds its own, numbered from there on. */
export function narrowJobs(
  filter: JobFilter,
  values: unknown[] = [],
): { readonly conditions: string[]; readonly values: unknown[] } {
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
  narrow('created_at', filter.createdAfter, '>');
  narrow('created_at', filter.createdBefore, '<');
  return { conditions, values };
}
