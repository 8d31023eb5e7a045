import { startGraceMs } from '../domain/acceptance.ts';
import type { Job } from '../domain/job.ts';
import { toJobStart } from '../domain/job-start.ts';
import { beginHold, type TemplateName } from '../domain/message/template.ts';
import { waitsForTurn } from '../domain/message/turn.ts';
import type { Tx } from './transactions.ts';

/**
 * What one transaction lets go at once; `continueRelease` lets go the rest, page by page. The transaction is that of a callback,
 * and 100,000 may wait for one template.
 */
const releasedAtOnce = 500;

/** Which held messages may go. */
export interface HeldRelease {
  readonly channelId: string;
  readonly reason: 'window' | 'template';
  /** Any id of the person whom they are to; empty = anybody. */
  readonly person: string;
  /** How their `waitingFor.detail` begins; empty = any template. */
  readonly template: string;
}

/** All ids of the person who has the id `$2` now, or the id alone where no more is known. */
export const idsOfPerson = `select $2::text union all select f.id from identity own join identity f on f.person_id = own.person_id
  where own.id = $2 and own.until is null and f.until is null`;

/**
 * Lets go what waits on a channel for a person (`id` any of theirs; null = for anybody) to write, or for its template (null =
 * whichever it is): the first ones by itself, `limit` at the most, the rest by the sweep. Returns how many it let go. What is
 * ordered stands in its line again, at its old place, and the first of each is due; what is not ordered is due at once. They are
 * started after the commit. Waits for no job's row.
 */
export async function releaseHeld(
  tx: Tx,
  asked: {
    readonly channelId: string;
    readonly id: string | null;
    readonly reason: 'window' | 'template';
    readonly template?: TemplateName | null;
    /** The person's word lets them go; else they are judged anew. */
    readonly hasWritten?: boolean;
    readonly limit?: number;
    readonly now: Date;
  },
): Promise<number> {
  const { channelId, id, reason, template = null, limit = releasedAtOnce, now } = asked;
  const title = asked.hasWritten === true ? 'The person has written' : 'What it waited for is judged anew';
  const release = { channelId, reason, person: id ?? '', template: template === null ? '' : beginHold(template) };
  const page = await releasePage(tx, release, { after: '0', title, limit, now });
  if (page.isLast) return page.released;
  await tx.execute({
    text: `insert into held_release as r (tenant_id, channel_id, reason, person, template, title, released_to, touched_at)
      select tenant_id, id, $2, $3, $4, $5, $6, $7 from channel where id = $1
      on conflict (channel_id, reason, person, template) do update set
        title = excluded.title, released_to = least(r.released_to, excluded.released_to)`,
    values: [channelId, reason, release.person, release.template, title, page.last, now],
  });
  return page.released;
}

/** Lets go what waits for a template of the account, or of the channel that was told of it, on all their channels; `template` null = any. */
export async function releaseHeldForTemplate(
  tx: Tx,
  asked: {
    readonly wabaId: string | null;
    readonly channelId: string | null;
    readonly template: TemplateName | null;
    readonly now: Date;
  },
): Promise<void> {
  const { wabaId, channelId, template, now } = asked;
  const channels = await tx.query<{ id: string }>({
    text: `select id from channel where kind = 'whatsapp' and (settings ->> 'wabaId' = $1 or id = $2)
        and exists (select 1 from job where channel_id = channel.id and state = 'held' and waiting_reason = 'template')
      order by id limit 1000`,
    values: [wabaId, channelId],
  });
  let left = releasedAtOnce;
  for (const { id } of channels)
    left -= await releaseHeld(tx, { channelId: id, id: null, reason: 'template', template, limit: left, now });
}

/** Over all tenants, those that have waited longest for a page. */
export async function listHeldReleases(
  tx: Tx,
  limit: number,
): Promise<(HeldRelease & { readonly tenantId: string })[]> {
  const rows = await tx.query<Omit<HeldRelease, 'channelId'> & { tenant_id: string; channel_id: string }>({
    name: 'list-held-releases',
    text: 'select tenant_id, channel_id, reason, person, template from list_held_releases($1)',
    values: [limit],
  });
  return rows.map(({ tenant_id: tenantId, channel_id: channelId, ...row }) => ({ ...row, tenantId, channelId }));
}

/** Lets go the next page; false = it was the last one, or somebody else has it at this moment. */
export async function continueRelease(
  tx: Tx,
  release: HeldRelease,
  { limit, now }: { readonly limit: number; readonly now: Date },
): Promise<boolean> {
  const key = [release.channelId, release.reason, release.person, release.template];
  const own = 'channel_id = $1 and reason = $2 and person = $3 and template = $4';
  const [row] = await tx.query<{ title: string; released_to: string }>({
    text: `select title, released_to from held_release where ${own} for update skip locked`,
    values: key,
  });
  if (row === undefined) return false;
  const page = await releasePage(tx, release, { after: row.released_to, title: row.title, limit, now });
  await (page.isLast
    ? tx.execute({ text: `delete from held_release where ${own}`, values: key })
    : tx.execute({
        text: `update held_release set released_to = $5, touched_at = $6 where ${own}`,
        values: [...key, page.last, now],
      }));
  return !page.isLast && page.released > 0;
}

/** A page, once for each job that is due; `id` null = it has none. */
interface PageRow extends Pick<Job, 'kind' | 'attempts' | 'origin'> {
  readonly id: string | null;
  readonly tenant_id: string;
  readonly seen: number;
  readonly released: number;
  readonly last: string | null;
}

/**
 * In the order of acceptance, up to the first one whose row is taken at this moment, so that none is left out and all keep their
 * order. Served by `job_held_for_window` and `job_held_for_template`.
 */
async function releasePage(
  tx: Tx,
  { channelId, reason, person, template }: HeldRelease,
  page: { readonly after: string; readonly title: string; readonly limit: number; readonly now: Date },
): Promise<{ readonly released: number; readonly last: string; readonly isLast: boolean }> {
  const { after, title, limit, now } = page;
  const waits = `channel_id = $1 and state = 'held' and waiting_reason = '${reason}' and expires_at > $3`;
  const rows = await tx.query<PageRow>({
    name: `release-held-for-${person === '' ? 'any-' : ''}${template === '' ? '' : 'one-'}${reason}`,
    text: `with seen as materialized (
        select id, acceptance from job
        where ${waits} and acceptance > $7::bigint
          and ${person === '' ? '$2::text is not null' : `recipient in (${idsOfPerson})`}
          and ${template === '' ? '$9::text is not null' : `(starts_with(waiting_detail, $9) or not starts_with(waiting_detail, '${beginHold(null)}'))`}
        order by acceptance limit $8
      ), free as materialized (
        select id, case when is_ordered then conversation_id else id end as line, acceptance from job
        where ${waits} and id in (select id from seen) order by acceptance for update skip locked
      ), held as materialized (
        select id, line, acceptance from free where acceptance < coalesce(
          (select min(acceptance) from seen where id not in (select id from free)), 9223372036854775807)
      ), first as (
        select distinct on (line) id from held order by line, acceptance
      ), released as (
        update job set waiting_reason = 'turn', waiting_detail = $5, updated_at = $3,
          wake_at = case when job.id in (select id from first) then $4 else expires_at end
        from held where job.id = held.id
        returning job.id, job.tenant_id, job.kind, job.attempts, job.origin, job.acceptance
      ), told as (
        insert into timeline_entry (tenant_id, job_id, at, type, title, detail)
        select tenant_id, id, $3, 'message.released', $6, '{}' from released
      ), due as (
        select id, tenant_id, kind, attempts, origin, acceptance from released where id in (select id from first)
      )
      select (select count(*)::integer from seen) as seen, (select count(*)::integer from released) as released,
        (select max(acceptance) from released) as last, due.id, due.tenant_id, due.kind, due.attempts, due.origin
      from (select null) as one left join due on true
      order by due.acceptance`,
    values: [
      channelId,
      person,
      now,
      new Date(now.getTime() + startGraceMs),
      waitsForTurn.detail,
      title,
      after,
      limit,
      template,
    ],
  });
  for (const { id, kind, attempts, origin, tenant_id: tenantId } of rows)
    if (id !== null)
      tx.startAfterCommit(toJobStart({ id, kind, attempts, origin, tenantId, channelId }, { isWake: true }));
  const { seen = 0, released = 0, last = null } = rows[0] ?? {};
  return { released, last: last ?? after, isLast: released === seen && seen < limit };
}
