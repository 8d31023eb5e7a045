import type { CreateId } from '../domain/ids.ts';
import type { Job, JobChange } from '../domain/job.ts';
import { toJobStart } from '../domain/job-start.ts';
import { type WorkflowLinks, toJobView } from '../domain/job-view.ts';
import type { Tx } from './transactions.ts';

export interface InsertJob {
  /**
   * Stores a newly accepted job with its first timeline entries and events, in one statement; a `queued` one is started
   * after the commit. Its id is new: twice fails.
   * False = it is an inbound message that was stored before, by another callback, and nothing is written.
   */
  (tx: Tx, input: { readonly job: Job; readonly change: Pick<JobChange, 'timeline' | 'events'> }): Promise<boolean>;
}

export function createInsertJob(dependencies: {
  readonly createId: CreateId;
  readonly links: WorkflowLinks;
}): InsertJob {
  const { createId, links } = dependencies;
  return async (tx, { job, change }) => {
    const rows = await tx.query<{ stored: number }>({
      name: 'insert-job',
      text: insertStatement,
      values: [
        job.id,
        job.tenantId,
        job.kind,
        job.state,
        job.terminal,
        job.waitingFor?.reason ?? null,
        job.waitingFor?.until ?? null,
        job.waitingFor?.detail ?? null,
        job.externalId,
        job.channelId,
        job.to,
        job.conversationId,
        job.groupId,
        job.integration,
        job.counts === null ? null : JSON.stringify(job.counts),
        JSON.stringify(job.metadata),
        JSON.stringify(job.request),
        job.origin,
        job.causedBy,
        job.requestId,
        job.sendAt,
        job.expiresAt,
        job.wakeAt,
        job.createdAt,
        JSON.stringify(change.timeline.map((entry) => ({ ...entry, detail: entry.detail ?? {} }))),
        JSON.stringify(change.events.map((type) => ({ id: createId('event'), type }))),
        change.events.length === 0 ? null : JSON.stringify(toJobView(job, links)),
        job.isOrdered,
        job.finishedAt,
        job.providerMessageIds,
      ],
    });
    const isStored = rows[0]?.stored === 1;
    if (isStored && job.state === 'queued') tx.startAfterCommit(toJobStart(job, { isWake: false }));
    return isStored;
  };
}

const insertStatement = `
  with inserted as (
    insert into job (
      id, tenant_id, kind, state, terminal, waiting_reason, waiting_until, waiting_detail, external_id, channel_id,
      recipient, conversation_id, group_id, integration, counts, metadata, request, origin, caused_by, request_id,
      send_at, expires_at, wake_at, created_at, updated_at, queued_at, is_ordered,
      finished_at, provider_message_ids
    ) values (
      $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $24, $24,
      $28, $29, $30
    )
    -- By the index job_inbound_once.
    on conflict (channel_id, (provider_message_ids[1])) where kind = 'inbound' do nothing
    returning id
  ), events as (
    insert into event (id, tenant_id, type, job_id, data, created_at)
    select entry ->> 'id', $2, entry ->> 'type', $1, $27::json, $24
    from inserted, jsonb_array_elements($26::jsonb) with ordinality as list (entry, position) order by position
  ), timeline as (
    insert into timeline_entry (tenant_id, job_id, at, type, title, detail)
    select $2, $1, $24, entry ->> 'type', entry ->> 'title', entry -> 'detail'
    from inserted, jsonb_array_elements($25::jsonb) with ordinality as list (entry, position) order by position
  )
  select count(*)::integer as stored from inserted`;
