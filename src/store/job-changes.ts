import type { CreateId } from '../domain/ids.ts';
import { type Job, type JobChange, applyUpdate } from '../domain/job.ts';
import { toJobStart } from '../domain/job-start.ts';
import { type WorkflowLinks, toJobView } from '../domain/job-view.ts';
import { standsInLine } from '../domain/message/turn.ts';
import { coalesce } from './coalesce.ts';
import { makeNextDue } from './conversation-lines.ts';
import { changingColumns, type JobColumn, listChanged } from './job-columns.ts';
import { findLocked, keepLocked } from './jobs.ts';
import type { Tx } from './transactions.ts';

export interface WriteJobChange {
  /**
   * Stores a change with its timeline, events, KPI events and problems in one statement; returns the job as it now is. What
   * the change made due, the job itself or the next one of its conversation, is started after the commit.
   */
  (tx: Tx, input: { readonly job: Job; readonly change: JobChange; readonly now: Date }): Promise<Job>;
}

interface Write {
  readonly next: Job;
  readonly change: JobChange;
  readonly now: Date;
  /** Those that have changed. */
  readonly columns: readonly JobColumn[];
}

/**
 * The caller holds the row's lock (`lockJob`) or has just inserted it, so what is written was decided on what is stored. Only
 * columns are written that differ from what is stored; of a job that was not read by `lockJob`, all.
 */
export function createWriteJobChange(dependencies: {
  readonly createId: CreateId;
  readonly links: WorkflowLinks;
}): WriteJobChange {
  const { createId, links } = dependencies;

  const write = coalesce<Write, void>(
    async (tx, writes) => {
      const ids = writes.map(({ next }) => next.id);
      // An update takes one of two rows for the same job, and says nothing of the other.
      if (new Set(ids).size < ids.length) throw new Error('two changes of one job were written side by side');
      const rows = {
        timeline: listRows(writes, ({ change }) =>
          change.timeline.map((entry) => ({ ...entry, detail: entry.detail ?? {} })),
        ),
        events: listRows(writes, ({ change, next }) => {
          const data = change.events.length === 0 ? null : toJobView(next, links);
          return change.events.map((type) => ({ id: createId('event'), type, data }));
        }),
        kpi: listRows(writes, ({ change, next }) =>
          change.kpi.map((value) => ({
            id: createId('delivery'),
            event_id: createId('event'),
            channel_id: next.channelId,
            value,
          })),
        ),
        problems: listRows(writes, ({ change }) =>
          change.problems.map((document) => ({ ...document, id: document.instance.split('/').at(-1), document })),
        ),
      };
      const told = insertKinds.filter((kind) => rows[kind].length > 0);
      const columns = writes[0]?.columns ?? [];
      await tx.execute({
        ...statementFor(columns, told),
        values: [
          ids,
          writes[0]?.next.tenantId,
          JSON.stringify(
            writes.map((each) => ({ id: each.next.id, changed_at: each.now, ...pick(each.next, columns) })),
          ),
          ...told.map((kind) => JSON.stringify(rows[kind])),
        ],
      });
      return writes.map(() => undefined);
    },
    ({ columns }) => columns.map(({ name }) => name).join(),
  );

  return async (tx, { job, change, now }) => {
    const next = applyUpdate(job, change.set, now);
    const stored = findLocked(tx, job.id);
    const columns = stored === null ? changingColumns : listChanged(stored, next);
    const leavesLine = job.isOrdered && standsInLine(job) && !standsInLine(next);
    await write(tx, { next, change, now, columns });
    if (stored !== null) keepLocked(tx, next);
    // What waits at Temporal for a next attempt that there will not be would wait for nothing.
    const isWaitOver = job.awaitedBy !== null && next.state !== 'held';
    if (change.isDue === true || isWaitOver) {
      const isUnlessPaused = job.awaitedBy !== null && !next.terminal;
      tx.startAfterCommit(toJobStart(next, { isWake: true, isUnlessPaused }));
    }
    // Behind the writes of all that leave it together.
    if (leavesLine) await makeNextDue(tx, { job: next, now });
    return next;
  };
}

function pick(job: Job, columns: readonly JobColumn[]): Record<string, unknown> {
  return Object.fromEntries(columns.map(({ name, of }) => [name, of(job)]));
}

/** The rows that some changes add to one table, each with its job and its time. */
function listRows(writes: readonly Write[], rowsOf: (write: Write) => readonly object[]): readonly object[] {
  return writes.flatMap((write) => rowsOf(write).map((row) => ({ job_id: write.next.id, at: write.now, ...row })));
}

const insertKinds = ['timeline', 'events', 'kpi', 'problems'] as const;
type InsertKind = (typeof insertKinds)[number];

// `list` is the rows as JSON, in their order; the tenant is $2. Sequences are drawn in the order of the rows.
const inserts: Readonly<Record<InsertKind, (list: string) => string>> = {
  timeline: (list) => `insert into timeline_entry (tenant_id, job_id, at, type, title, detail)
    select $2, job_id, at, type, title, detail
    from json_to_recordset(${list}) as list (job_id text, at timestamptz, type text, title text, detail jsonb)`,
  events: (list) => `insert into event (id, tenant_id, type, job_id, data, created_at)
    select id, $2, type, job_id, data, at
    from json_to_recordset(${list}) as list (id text, type text, job_id text, data json, at timestamptz)`,
  kpi: (list) => `insert into delivery (id, tenant_id, kind, job_id, endpoint_id, event_id, url, body, next_attempt_at,
      created_at, updated_at)
    select list.id, $2, 'kpi', list.job_id, list.channel_id, list.event_id, sink.url, list.value, list.at, list.at, list.at
    from rows from (
      json_to_recordset(${list}) as (id text, event_id text, channel_id text, job_id text, value text, at timestamptz)
    ) with ordinality as list (id, event_id, channel_id, job_id, value, at, position)
    -- Without a sink there is nobody to tell, and no row to keep.
    join (select id, coalesce(settings ->> 'kpiUrl', settings ->> 'botUrl') as url from channel) sink
      on sink.id = list.channel_id and sink.url is not null
    order by list.position`,
  problems: (list) => `insert into problem (id, tenant_id, job_id, code, source, class, occurred_at, document)
    select id, $2, job_id, code, source, class, "occurredAt", document
    from json_to_recordset(${list}) as list (id text, job_id text, code text, source text, class text,
      "occurredAt" timestamptz, document json)
    on conflict (id) do nothing`,
};

/** Prepared statements of a connection are kept for as long as it lives, so that only so many get a name. */
const maxNamed = 200;
const statements = new Map<string, { readonly name?: string; readonly text: string }>();

function statementFor(columns: readonly JobColumn[], told: readonly InsertKind[]) {
  const shape = `${columns.map(({ name }) => name).join()} ${told.join()}`;
  const known = statements.get(shape);
  if (known !== undefined) return known;
  const ctes = told.map((kind, index) => `${kind} as (${inserts[kind](`$${index + 4}::json`)})`);
  const text = `${ctes.length === 0 ? '' : `with ${ctes.join(', ')}`}
    update job set updated_at = c.changed_at${columns.map(({ name }) => `, ${name} = c.${name}`).join('')}
    from json_to_recordset($3::json) as c (id text, changed_at timestamptz${columns.map(({ name, type }) => `, ${name} ${type}`).join('')})
    -- The ids once more, by themselves: they tell the planner how few rows it is about.
    where job.id = any ($1) and job.tenant_id = $2 and job.id = c.id`;
  if (statements.size >= maxNamed) return { text };
  const statement = { name: `write-job-change-${statements.size}`, text };
  statements.set(shape, statement);
  return statement;
}
