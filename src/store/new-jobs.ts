import type { KnownRecipient } from '../domain/identity/identity.ts';
import type { CreateId } from '../domain/ids.ts';
import type { Job, JobChange } from '../domain/job.ts';
import { toJobStart } from '../domain/job-start.ts';
import { type WorkflowLinks, toJobView } from '../domain/job-view.ts';
import { coalesce } from './coalesce.ts';
import type { Tx } from './transactions.ts';

interface NewJob {
  readonly job: Job;
  readonly change: Pick<JobChange, 'timeline' | 'events'>;
}

export interface InsertJob {
  /**
   * Stores a newly accepted job with its first timeline entries and events, in one statement; a `queued` one is started
   * after the commit. Its id is new: twice fails.
   * Returns it with what is known of its recipient. Null = it is an inbound message that was stored before, by another
   * callback, and nothing is written.
   */
  (tx: Tx, input: NewJob): Promise<Job | null>;
}

export function createInsertJob(dependencies: {
  readonly createId: CreateId;
  readonly links: WorkflowLinks;
}): InsertJob {
  const { createId, links } = dependencies;

  const insert = coalesce<NewJob, Job | null>(async (tx, jobs) => {
    const told = jobs.map(({ job, change }) => {
      const data = change.events.length === 0 ? null : toJobView(job, links);
      return {
        timeline: change.timeline.map((entry) => ({ ...rowOf(job), ...entry, detail: entry.detail ?? {} })),
        events: change.events.map((type) => ({ ...rowOf(job), id: createId('event'), type, data })),
      };
    });
    const inserted = await tx.query<{ id: string; recipient_ids: KnownRecipient | null }>({
      name: 'insert-jobs',
      text: insertStatement,
      values: [
        jobs[0]?.job.tenantId,
        JSON.stringify(jobs.map(({ job }) => toRow(job))),
        JSON.stringify(told.flatMap(({ timeline }) => timeline)),
        JSON.stringify(told.flatMap(({ events }) => events)),
      ],
    });
    const stored = new Map(inserted.map((row) => [row.id, row.recipient_ids]));
    return jobs.map(({ job }) => (stored.has(job.id) ? { ...job, recipient: stored.get(job.id) ?? null } : null));
  });

  return async (tx, given) => {
    const { job } = given;
    const stored = await insert(tx, given);
    if (stored !== null && job.state === 'queued') tx.startAfterCommit(toJobStart(job, { isWake: false }));
    return stored;
  };
}

function rowOf(job: Job) {
  return { job_id: job.id, at: job.createdAt };
}

function toRow(job: Job) {
  return {
    id: job.id,
    kind: job.kind,
    state: job.state,
    terminal: job.terminal,
    waiting_reason: job.waitingFor?.reason ?? null,
    waiting_until: job.waitingFor?.until ?? null,
    waiting_detail: job.waitingFor?.detail ?? null,
    external_id: job.externalId,
    channel_id: job.channelId,
    recipient: job.to,
    recipient_ids: job.recipient,
    conversation_id: job.conversationId,
    group_id: job.groupId,
    integration: job.integration,
    label: job.label,
    counts: job.counts,
    metadata: job.metadata,
    request: job.request,
    origin: job.origin,
    caused_by: job.causedBy,
    request_id: job.requestId,
    send_at: job.sendAt,
    expires_at: job.expiresAt,
    wake_at: job.wakeAt,
    created_at: job.createdAt,
    is_ordered: job.isOrdered,
    finished_at: job.finishedAt,
    provider_message_ids: job.providerMessageIds,
  };
}

// `acceptance` and the numbers of events are drawn in the order of the calls. Who the recipients are is looked up by the way.
const insertStatement = `
  with inserted as (
    insert into job (
      id, tenant_id, kind, state, terminal, waiting_reason, waiting_until, waiting_detail, external_id, channel_id,
      recipient, recipient_ids, conversation_id, group_id, integration, counts, metadata, request, origin, caused_by,
      request_id, send_at, expires_at, wake_at, created_at, updated_at, queued_at, is_ordered, finished_at,
      provider_message_ids, label
    )
    select id, $1, kind, state, terminal, waiting_reason, waiting_until, waiting_detail, external_id, channel_id,
      recipient, coalesce(recipient_ids, (
        select known_recipient(own.person_id, own.id) from identity own
        where own.tenant_id = $1 and own.id = list.recipient and own.until is null)
      ), conversation_id, group_id, integration, counts, metadata, request, origin, caused_by, request_id, send_at,
      expires_at, wake_at, created_at, created_at, created_at, is_ordered, finished_at, provider_message_ids, label
    from json_to_recordset($2::json) as list (
      id text, kind text, state text, terminal boolean, waiting_reason text, waiting_until timestamptz,
      waiting_detail text, external_id text, channel_id text, recipient text, recipient_ids json, conversation_id text,
      group_id text, integration text, counts jsonb, metadata jsonb, request json, origin text, caused_by text, request_id text,
      send_at timestamptz, expires_at timestamptz, wake_at timestamptz, created_at timestamptz, is_ordered boolean,
      finished_at timestamptz, provider_message_ids text[], label text
    )
    -- By the index job_inbound_once.
    on conflict (channel_id, (provider_message_ids[1])) where kind = 'inbound' do nothing
    returning id, recipient_ids
  ), events as (
    insert into event (id, tenant_id, type, job_id, data, created_at)
    select list.id, $1, type, job_id, data, at
    from rows from (
      json_to_recordset($4::json) as (id text, type text, job_id text, data json, at timestamptz)
    ) with ordinality as list (id, type, job_id, data, at, position)
    where job_id in (select id from inserted) order by position
  ), timeline as (
    insert into timeline_entry (tenant_id, job_id, at, type, title, detail)
    select $1, job_id, at, type, title, detail
    from rows from (
      json_to_recordset($3::json) as (job_id text, at timestamptz, type text, title text, detail jsonb)
    ) with ordinality as list (job_id, at, type, title, detail, position)
    where job_id in (select id from inserted) order by position
  )
  select id, recipient_ids from inserted`;
