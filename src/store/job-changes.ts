import type { CreateId } from '../domain/ids.ts';
import { type Job, type JobChange, applyUpdate } from '../domain/job.ts';
import { toJobStart } from '../domain/job-start.ts';
import { startGraceMs } from '../domain/acceptance.ts';
import { type WorkflowLinks, toJobView } from '../domain/job-view.ts';
import { standsInLine } from '../domain/message/turn.ts';
import type { Tx } from './transactions.ts';

export interface WriteJobChange {
  /**
   * Stores a change with its timeline, events, KPI events and problems in one statement; returns the job as it now is. What
   * the change made due, the job itself or the next one of its conversation, is started after the commit.
   */
  (tx: Tx, input: { readonly job: Job; readonly change: JobChange; readonly now: Date }): Promise<Job>;
}

/**
 * The caller holds the row's lock (`lockJob`) or has just inserted it, so what is written was decided on what is stored.
 */
export function createWriteJobChange(dependencies: {
  readonly createId: CreateId;
  readonly links: WorkflowLinks;
}): WriteJobChange {
  const { createId, links } = dependencies;
  return async (tx, { job, change, now }) => {
    const next = applyUpdate(job, change.set, now);
    const data = change.events.length === 0 ? null : JSON.stringify(toJobView(next, links));
    const leavesLine = job.isOrdered && standsInLine(job) && !standsInLine(next);
    const released = await tx.query<Pick<Job, 'id' | 'attempts' | 'origin'>>({
      name: 'write-job-change',
      text: writeStatement,
      values: [
        next.id,
        next.tenantId,
        next.state,
        next.terminal,
        next.waitingFor?.reason ?? null,
        next.waitingFor?.until ?? null,
        next.waitingFor?.detail ?? null,
        next.attempts,
        next.retriesUsed,
        next.throttledInARow,
        next.partsTotal,
        next.partsAccepted,
        next.nextAttemptAt,
        next.isOutcomeUnknown,
        next.error === null ? null : JSON.stringify(next.error),
        next.error?.code ?? null,
        next.providerMessageIds,
        next.possibleDuplicate,
        next.userInformed,
        next.deliveryConfirmed,
        next.counts === null ? null : JSON.stringify(next.counts),
        next.sendAt,
        next.expiresAt,
        next.statusUntil,
        next.wakeAt,
        next.workflowRunId,
        next.finishedAt,
        now,
        JSON.stringify(change.timeline.map((entry) => ({ ...entry, detail: entry.detail ?? {} }))),
        JSON.stringify(change.events.map((type) => ({ id: createId('event'), type }))),
        data,
        JSON.stringify(change.kpi.map((value) => ({ id: createId('event'), value }))),
        JSON.stringify(
          change.problems.map((problem) => ({ id: problem.instance.split('/').at(-1), document: problem })),
        ),
        next.channelId,
        next.queuedAt,
        next.rateSlotAt,
        leavesLine,
        next.conversationId,
        next.kind,
        next.workflowId,
        next.internalFaults,
        next.interruptions,
        new Date(now.getTime() + startGraceMs),
      ],
    });
    if (change.isDue === true) tx.startAfterCommit(toJobStart(next, { isWake: true }));
    const { tenantId, kind } = job;
    for (const follower of released) tx.startAfterCommit(toJobStart({ ...follower, tenantId, kind }, { isWake: true }));
    return next;
  };
}

// Later statements of one `with` see the same snapshot, so their order among each other does not matter.
const writeStatement = `
  with updated as (
    update job set
      state = $3, terminal = $4, waiting_reason = $5, waiting_until = $6, waiting_detail = $7, attempts = $8,
      retries_used = $9, throttled_in_a_row = $10, parts_total = $11, parts_accepted = $12, next_attempt_at = $13,
      is_outcome_unknown = $14, error = $15, error_code = $16, provider_message_ids = $17, possible_duplicate = $18,
      user_informed = $19, delivery_confirmed = $20, counts = $21, send_at = $22, expires_at = $23, status_until = $24,
      wake_at = $25, workflow_run_id = $26, finished_at = $27, updated_at = $28, queued_at = $35, rate_slot_at = $36,
      workflow_id = $40, channel_id = $34, internal_faults = $41, interruptions = $42
    where id = $1 and tenant_id = $2
  ), timeline as (
    insert into timeline_entry (tenant_id, job_id, at, type, title, detail)
    select $2, $1, $28, entry ->> 'type', entry ->> 'title', entry -> 'detail'
    from jsonb_array_elements($29::jsonb) with ordinality as list (entry, position) order by position
  ), events as (
    insert into event (id, tenant_id, type, job_id, data, created_at)
    select entry ->> 'id', $2, entry ->> 'type', $1, $31::json, $28
    from jsonb_array_elements($30::jsonb) with ordinality as list (entry, position) order by position
  ), kpi as (
    insert into kpi_event (id, tenant_id, channel_id, job_id, value, created_at, next_attempt_at)
    select entry ->> 'id', $2, $34, $1, entry -> 'value', $28, $28
    from json_array_elements($32::json) with ordinality as list (entry, position)
    -- Without a sink there is nobody to tell, and no row to keep.
    where exists (select 1 from channel where id = $34 and coalesce(settings ->> 'kpiUrl', settings ->> 'botUrl') is not null)
    order by position
  ), problems as (
    insert into problem (id, tenant_id, job_id, code, source, class, occurred_at, document)
    select entry ->> 'id', $2, $1, entry -> 'document' ->> 'code', entry -> 'document' ->> 'source',
      entry -> 'document' ->> 'class', (entry -> 'document' ->> 'occurredAt')::timestamptz, entry -> 'document'
    from json_array_elements($33::json) as list (entry)
    on conflict (id) do nothing
  )
  -- Who leaves the line makes the one now in front due, unless that one waits for something else or has expired: it is
  -- started after the commit, and should that be lost the sweep starts it. Served by job_line.
  update job set wake_at = $43
  where $37 and (state = 'queued' or waiting_reason = 'turn') and expires_at > $28 and id = (
    select id from job where channel_id = $34 and conversation_id = $38 and kind = $39 and is_ordered
      and state in ('queued', 'held', 'sending', 'relaying') and id <> $1 order by acceptance limit 1
  )
  returning id, attempts, origin`;
