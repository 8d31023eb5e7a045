import { toChannelView } from '../domain/channel-view.ts';
import type { Failure } from '../domain/failure.ts';
import type { CreateId } from '../domain/ids.ts';
import { buildProblem } from '../domain/problems/build-problem.ts';
import { counted } from '../domain/wording.ts';
import { type ChannelDataRow, channelColumns, toChannel } from './channel-row.ts';
import { insertProblem } from './notification-errors.ts';
import type { Transactions, Tx } from './transactions.ts';

const writeAfterMs = 1_000;
/** A stranger who knows a channel's id makes refusals as he likes: they are counted here, and written this often. */
const writeRefusalsEveryMs = 60_000;
const tellRefusalsEveryMs = 3_600_000;

type Sign = 'send' | 'status' | 'inbound';

/** A callback that was refused for its signature. */
export type RefusalCode = 'signature_missing' | 'signature_invalid';

interface Noted {
  readonly tenantId: string;
  readonly channelId: string;
  send: Date | null;
  status: Date | null;
  inbound: Date | null;
  refused: number;
  refusedAt: Date | null;
  code: RefusalCode | null;
}

/** What a process has seen of its channels, gathered in memory. */
export interface ChannelSigns {
  /** Costs no statement: it is written a second later, with what came meanwhile. */
  note(channel: { readonly tenantId: string; readonly channelId: string }, sign: Sign, at: Date): void;
  noteRefusal(channel: { readonly tenantId: string; readonly channelId: string }, code: RefusalCode, at: Date): void;
  /** Writes all of it now. */
  flush(): Promise<void>;
}

/** What could not be written is written with the next signs; a process that is killed loses a second of them. */
export function createChannelSigns(dependencies: {
  readonly transactions: Transactions;
  readonly createId: CreateId;
  readonly publicUrl: string;
}): ChannelSigns {
  const { transactions, createId, publicUrl } = dependencies;
  let noted = new Map<string, Noted>();
  /** By channel, of this process; an entry leaves when its minute is over. */
  const refusalsWrittenMs = new Map<string, number>();
  let timer: NodeJS.Timeout | null = null;

  function find({ tenantId, channelId }: Pick<Noted, 'tenantId' | 'channelId'>): Noted {
    const known = noted.get(channelId);
    if (known !== undefined) return known;
    const none = { send: null, status: null, inbound: null, refused: 0, refusedAt: null, code: null };
    const made = { tenantId, channelId, ...none };
    noted.set(channelId, made);
    timer ??= setTimeout(() => void writeDue(), writeAfterMs).unref();
    return made;
  }

  async function writeDue(): Promise<void> {
    timer = null;
    const nowMs = performance.now();
    for (const [channelId, writtenMs] of refusalsWrittenMs)
      if (nowMs - writtenMs >= writeRefusalsEveryMs) refusalsWrittenMs.delete(channelId);
    await write((channelId) => !refusalsWrittenMs.has(channelId)).catch(() => undefined);
    if (noted.size > 0) timer ??= setTimeout(() => void writeDue(), writeAfterMs).unref();
  }

  /** Each tenant in a transaction of its own; what waits for its minute, or could not be written, is kept. */
  async function write(mayTellRefusals: (channelId: string) => boolean): Promise<void> {
    const all = [...noted.values()];
    noted = new Map();
    for (const tenantId of new Set(all.map((each) => each.tenantId))) {
      const ofTenant = all.filter((each) => each.tenantId === tenantId);
      const due = ofTenant
        .map((each) =>
          each.refused > 0 && !mayTellRefusals(each.channelId)
            ? { ...each, refused: 0, refusedAt: null, code: null }
            : each,
        )
        .filter(
          ({ send, status, inbound, refused }) => refused > 0 || send !== null || status !== null || inbound !== null,
        );
      try {
        if (due.length > 0) await transactions.withTenant(tenantId, (tx) => store(tx, due));
        for (const { channelId, refused } of due) if (refused > 0) refusalsWrittenMs.set(channelId, performance.now());
        for (const each of ofTenant) if (each.refused > 0 && !due.includes(each)) keep(each);
      } catch {
        for (const each of ofTenant) keep(each);
      }
    }
  }

  /** Refusals that are still to be written; times come again with the next sign. */
  function keep({ refused, refusedAt, code, ...channel }: Noted): void {
    if (refused === 0) return;
    const into = find(channel);
    into.refused += refused;
    into.refusedAt ??= refusedAt;
    into.code ??= code;
  }

  async function store(tx: Tx, signs: readonly Noted[]): Promise<void> {
    await tx.execute({
      name: 'write-channel-signs',
      text: `insert into channel_health as h (channel_id, tenant_id, last_send_at, last_status_at, last_inbound_at,
          last_refused_at, refusal_code, refused_by_hour)
        select c.id, c.tenant_id, s.send, s.status, s.inbound, s."refusedAt", s.code,
          case when s.refused = 0 then '{}'::jsonb else jsonb_build_object(hour.name, s.refused) end
        from json_to_recordset($1::json) as s ("channelId" text, send timestamptz, status timestamptz, inbound timestamptz,
          refused integer, "refusedAt" timestamptz, code text)
        join channel c on c.id = s."channelId"
        cross join lateral (
          select to_char(date_trunc('hour', s."refusedAt" at time zone 'UTC'), 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as name
        ) hour
        -- In one order, so that two processes do not wait in a circle.
        order by c.id
        on conflict (channel_id) do update set
          last_send_at = greatest(h.last_send_at, excluded.last_send_at),
          last_status_at = greatest(h.last_status_at, excluded.last_status_at),
          last_inbound_at = greatest(h.last_inbound_at, excluded.last_inbound_at),
          last_refused_at = greatest(h.last_refused_at, excluded.last_refused_at),
          refusal_code = coalesce(excluded.refusal_code, h.refusal_code),
          refused_by_hour = case when excluded.last_refused_at is null then h.refused_by_hour else (
            select jsonb_object_agg(name, refused) from (
              select key as name, sum(value::integer) as refused from (
                select * from jsonb_each_text(h.refused_by_hour) union all select * from jsonb_each_text(excluded.refused_by_hour)
              ) both_ where key::timestamptz > excluded.last_refused_at - interval '25 hours' group by key
            ) kept
          ) end`,
      values: [JSON.stringify(signs)],
    });
    const refusing = signs.filter(({ refused }) => refused > 0);
    for (const each of refusing) await tellRefusals(tx, each);
  }

  /** One problem and one event an hour, over all processes. */
  async function tellRefusals(tx: Tx, { tenantId, channelId, code, refusedAt, refused }: Noted): Promise<void> {
    if (code === null || refusedAt === null) return;
    const told = await tx.execute({
      text: `update channel_health set refusals_told_at = $2
        where channel_id = $1 and (refusals_told_at is null or refusals_told_at <= $3)`,
      values: [channelId, refusedAt, new Date(refusedAt.getTime() - tellRefusalsEveryMs)],
    });
    if (told === 0) return;
    const [row] = await tx.query<ChannelDataRow>({
      text: `select ${channelColumns} from channel where id = $1`,
      values: [channelId],
    });
    if (row === undefined) return;
    const problem = buildProblem({
      failure: refusalFailure(channelId, code, refused),
      problemId: createId('problem'),
      attempt: null,
      jobId: null,
      requestId: null,
      tenantId,
      occurredAt: refusedAt.toISOString(),
      nextAttemptAt: null,
    });
    await insertProblem(tx, problem);
    const data = JSON.stringify({ ...toChannelView(toChannel(row), publicUrl), problem });
    await tx.execute({
      text: 'insert into event (id, tenant_id, type, data, created_at) values ($1, $2, $3, $4, $5)',
      values: [createId('event'), tenantId, 'channel.callbacks_refused', data, refusedAt],
    });
  }

  return {
    note(channel, sign, at) {
      const each = find(channel);
      if (each[sign] === null || each[sign] < at) each[sign] = at;
    },
    noteRefusal(channel, code, at) {
      const each = find(channel);
      each.refused += 1;
      each.refusedAt = at;
      each.code = code;
    },
    async flush() {
      if (timer !== null) clearTimeout(timer);
      timer = null;
      await write(() => true);
    },
  };
}

function refusalFailure(channelId: string, code: RefusalCode, refused: number): Failure {
  const why =
    code === 'signature_missing'
      ? 'they carry no X-Hub-Signature-256'
      : "their X-Hub-Signature-256 does not fit: the channel's appSecret is not that of the app which calls";
  return {
    code,
    source: 'api',
    class: 'configuration',
    scope: 'number',
    userCanBeTold: false,
    maxRetries: null,
    retryAfterMs: null,
    httpStatus: null,
    detail: `${counted(refused, 'callback')} to ${channelId} refused: ${why}. Statuses and messages of its users are lost to it until then.`,
    provider: null,
    errors: [],
  };
}
