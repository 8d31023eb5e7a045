import { startGraceMs } from '../domain/acceptance.ts';
import { nameOfIdentity } from '../domain/identity/identity.ts';
import type { Job } from '../domain/job.ts';
import { toJobStart } from '../domain/job-start.ts';
import { type KeptWindow, windowAt } from '../domain/message/conversation-window.ts';
import { waitsForTurn } from '../domain/message/turn.ts';
import type { WhatsappChannel } from './channels.ts';
import { coalesce } from './coalesce.ts';
import { type JobRow, jobColumns, toJob } from './job-row.ts';
import { keepLocked } from './jobs.ts';
import type { Tx } from './transactions.ts';

/** A person on a channel. `person` = the first id that was seen of them, as it names their conversation. */
export interface WindowKey {
  readonly channelId: string;
  readonly person: string;
}

/** Whom a message is to. */
export function windowKeyOf({ channelId, to, recipient }: Job): WindowKey {
  return { channelId: channelId ?? '', person: recipient?.name ?? nameOfIdentity(to ?? '') };
}

interface Row {
  heard_at: Date | null;
  noted_at: Date | null;
  closed_at: Date | null;
  template_id: string | null;
}

const columns = 'heard_at, noted_at, closed_at, template_id';

/** Null = nothing is known. Before whoever asks looks for its turn: who has written lets go what waits, in the same transaction. */
export const findReplyWindow = coalesce<WindowKey, KeptWindow | null>(async (tx, keys) => {
  const rows = await tx.query<Row & { channel_id: string; person: string }>({
    name: 'find-reply-windows',
    text: `select channel_id, person, ${columns} from reply_window where channel_id = any ($1) and person = any ($2)`,
    values: [[...new Set(keys.map(({ channelId }) => channelId))], [...new Set(keys.map(({ person }) => person))]],
  });
  return keys.map((key) => {
    const row = rows.find((each) => each.channel_id === key.channelId && each.person === key.person);
    return row === undefined ? null : toWindow(row);
  });
});

/**
 * Whether the person has not written since the window was read, and will not until this transaction ends: so a message may be
 * held for the next word. Waits for nobody: false also where a word is coming in at this moment.
 */
export async function keepClosed(tx: Tx, { channelId, person }: WindowKey, seen: KeptWindow): Promise<boolean> {
  const rows = await tx.query({
    name: 'keep-window-closed',
    text: `select 1 from reply_window where channel_id = $1 and person = $2 and noted_at is not distinct from $3
      for share skip locked`,
    values: [channelId, person, seen.notedAt],
  });
  return rows.length > 0;
}

/** The same, and takes the one template that goes out until the next word; `taken` = another has been sent meanwhile. */
export async function takeTemplate(
  tx: Tx,
  { channelId, person }: WindowKey,
  seen: KeptWindow,
  templateId: string,
): Promise<'mine' | 'taken' | 'unsure'> {
  const rows = await tx.query<{ template_id: string }>({
    name: 'take-window-template',
    text: `update reply_window w set template_id = coalesce(w.template_id, $4) from (
        select channel_id, person from reply_window
        where channel_id = $1 and person = $2 and noted_at is not distinct from $3 for update skip locked
      ) own
      where w.channel_id = own.channel_id and w.person = own.person returning w.template_id`,
    values: [channelId, person, seen.notedAt, templateId],
  });
  const [row] = rows;
  if (row === undefined) return 'unsure';
  return row.template_id === templateId ? 'mine' : 'taken';
}

/** The template did not go out: the next message that has to wait sends another. */
export async function forgetTemplate(tx: Tx, { channelId, person }: WindowKey, templateId: string): Promise<void> {
  await tx.execute({
    text: 'update reply_window set template_id = null where channel_id = $1 and person = $2 and template_id = $3',
    values: [channelId, person, templateId],
  });
}

/** The person has written at `heardAt`. Its row is locked. */
async function noteWord(
  tx: Tx,
  key: WindowKey & { readonly tenantId: string; readonly heardAt: Date; readonly now: Date },
): Promise<KeptWindow> {
  const rows = await tx.query<Row>({
    name: 'note-word',
    text: `insert into reply_window as w (tenant_id, channel_id, person, heard_at, noted_at, touched_at)
      values ($1, $2, $3, $4, $5, $5)
      on conflict (channel_id, person) do update set
        heard_at = greatest(w.heard_at, excluded.heard_at), noted_at = excluded.noted_at, closed_at = null,
        touched_at = excluded.touched_at,
        template_id = case when w.heard_at > excluded.heard_at then w.template_id end
      returning ${columns}`,
    values: [key.tenantId, key.channelId, key.person, key.heardAt, key.now],
  });
  return toWindow(requireRow(rows));
}

/**
 * Kernel says that the window is closed, to a send of `sentAt`; not believed where the person has written since. Its row is
 * locked.
 */
export async function noteClosed(
  tx: Tx,
  key: WindowKey & { readonly tenantId: string; readonly sentAt: Date; readonly now: Date },
): Promise<KeptWindow> {
  const rows = await tx.query<Row>({
    name: 'note-closed-window',
    text: `insert into reply_window as w (tenant_id, channel_id, person, closed_at, touched_at) values ($1, $2, $3, $5, $5)
      on conflict (channel_id, person) do update set
        closed_at = case when w.noted_at >= $4 then null else $5 end, touched_at = $5
      returning ${columns}`,
    values: [key.tenantId, key.channelId, key.person, key.sentAt, key.now],
  });
  return toWindow(requireRow(rows));
}

/** The person has written, or called, at `heardAt`: where that opens the window, what waits for it is let go. */
export async function openWindow(
  tx: Tx,
  word: {
    readonly channel: WhatsappChannel;
    /** Any id of the person. */
    readonly id: string;
    readonly person: string;
    readonly heardAt: Date;
    readonly now: Date;
  },
): Promise<void> {
  const { channel, id, person, heardAt, now } = word;
  const window = await noteWord(tx, { tenantId: channel.tenantId, channelId: channel.id, person, heardAt, now });
  if (channel.settings.window.outside === 'send' || windowAt(window, now).state !== 'open') return;
  await releaseHeld(tx, { channelId: channel.id, id, reason: 'window', now });
}

/** All ids of the person who has this one now, or the id alone where no more is known. */
const idsOfPerson = `select $2::text union all select f.id from identity own join identity f on f.person_id = own.person_id
  where own.id = $2 and own.until is null and f.until is null`;

/**
 * Lets go what waits on a channel for a person (`id` any of theirs; null = for anybody) to write, or for its template. What is
 * ordered stands in its line again, at its old place, and the first of each is due; what is not ordered is due at once. They are
 * started after the commit. How many there are is bounded by what a tenant may hold. Served by `job_held_for_window` and
 * `job_held_for_template`.
 */
export async function releaseHeld(
  tx: Tx,
  asked: {
    readonly channelId: string;
    readonly id: string | null;
    readonly reason: 'window' | 'template';
    readonly now: Date;
  },
): Promise<void> {
  const { channelId, id, reason, now } = asked;
  const due = await tx.query<Pick<Job, 'id' | 'kind' | 'attempts' | 'origin'> & { tenant_id: string }>({
    name: `release-held-for-${id === null ? 'any-' : ''}${reason}`,
    text: `with held as materialized (
        select id, case when is_ordered then conversation_id else id end as line, acceptance from job
        where channel_id = $1 and state = 'held' and waiting_reason = '${reason}' and expires_at > $3
          ${id === null ? 'and $2::text is null' : `and recipient in (${idsOfPerson})`}
        order by acceptance for update
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
      )
      select id, tenant_id, kind, attempts, origin from released where id in (select id from first) order by acceptance`,
    values: [
      channelId,
      id,
      now,
      new Date(now.getTime() + startGraceMs),
      waitsForTurn.detail,
      id === null ? 'What it waited for is judged anew' : 'The person has written',
    ],
  });
  for (const { tenant_id: tenantId, ...job } of due)
    tx.startAfterCommit(toJobStart({ ...job, tenantId, channelId }, { isWake: true }));
}

/** What waits for the person to write, whom this message is to, in the order of acceptance, locked. Served by `job_held_for_window`. */
export async function lockHeldForWindow(tx: Tx, { channelId, to }: Job, limit: number): Promise<Job[]> {
  const rows = await tx.query<JobRow>({
    name: 'lock-held-for-window',
    text: `select ${jobColumns} from job where channel_id = $1 and state = 'held' and waiting_reason = 'window'
        and recipient in (${idsOfPerson})
      order by acceptance limit $3 for update`,
    values: [channelId, to, limit],
  });
  const jobs = rows.map(toJob);
  for (const job of jobs) keepLocked(tx, job);
  return jobs;
}

function requireRow(rows: readonly Row[]): Row {
  const [row] = rows;
  if (row === undefined) throw new Error('what is known of a window was not stored');
  return row;
}

function toWindow(row: Row): KeptWindow {
  return { heardAt: row.heard_at, notedAt: row.noted_at, closedAt: row.closed_at, templateId: row.template_id };
}
