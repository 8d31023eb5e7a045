import { nameOfIdentity } from '../domain/identity/identity.ts';
import type { Job } from '../domain/job.ts';
import { type KeptWindow, windowAt } from '../domain/message/conversation-window.ts';
import type { WhatsappChannel } from './channels.ts';
import { coalesce } from './coalesce.ts';
import { idsOfPerson, releaseHeld } from './held-releases.ts';
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

/** The template did not go out: the next message that has to wait sends another. False = it is not the one that was waited for. */
export async function forgetTemplate(tx: Tx, { channelId, person }: WindowKey, templateId: string): Promise<boolean> {
  const forgotten = await tx.execute({
    text: 'update reply_window set template_id = null where channel_id = $1 and person = $2 and template_id = $3',
    values: [channelId, person, templateId],
  });
  return forgotten > 0;
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
  if (windowAt(window, now).state !== 'open') return;
  await releaseHeld(tx, { channelId: channel.id, id, reason: 'window', hasWritten: true, now });
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
