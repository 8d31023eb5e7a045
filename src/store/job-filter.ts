import type { JobKind } from '../domain/job.ts';

/** What a list of jobs may be narrowed by; absent members narrow nothing. */
export interface JobFilter {
  readonly kind?: JobKind | undefined;
  readonly state?: string | undefined;
  readonly errorCode?: string | undefined;
  readonly to?: string | undefined;
  readonly conversationId?: string | undefined;
  readonly groupId?: string | undefined;
  readonly externalId?: string | undefined;
  readonly channelId?: string | undefined;
  readonly createdAfter?: Date | undefined;
  readonly createdBefore?: Date | undefined;
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
  narrow('recipient', filter.to);
  narrow('conversation_id', filter.conversationId);
  narrow('group_id', filter.groupId);
  narrow('external_id', filter.externalId);
  narrow('channel_id', filter.channelId);
  narrow('created_at', filter.createdAfter, '>');
  narrow('created_at', filter.createdBefore, '<');
  return { conditions, values };
}
