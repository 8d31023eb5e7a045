import type { KnownRecipient } from '../domain/identity/identity.ts';
import { nameOfIdentity } from '../domain/identity/identity.ts';
import {
  type IdentityFact,
  type IdentityPlan,
  listSaidIds,
  planIdentity,
  type SaidIdentity,
} from '../domain/identity/learn-identity.ts';
import type { CreateId } from '../domain/ids.ts';
import type { Tx } from './transactions.ts';

/** Others that learn the same at the same moment may come first so often. */
const maxTries = 5;

/** Ids that WhatsApp has named together, and where. */
export interface IdentityToLearn {
  readonly tenantId: string;
  readonly channelId: string;
  readonly said: SaidIdentity;
  readonly now: Date;
}

interface FactRow {
  position: string;
  person_id: string;
  id: string;
  kind: IdentityFact['kind'];
  is_former: boolean;
  is_closed: boolean;
  seen_at: Date;
}

export interface LearnIdentity {
  /**
   * Keeps what was said of a person, in the caller's transaction, and returns the person as it is known then. Where two known
   * people turn out to be one, what waits in the conversation of the later one moves to that of the first. Twice changes nothing.
   */
  (tx: Tx, learnt: IdentityToLearn): Promise<KnownRecipient>;
}

/** Nothing is locked where nothing new was said; what changes people takes turns within the tenant. */
export function createLearnIdentity({ createId }: { readonly createId: CreateId }): LearnIdentity {
  return async function learnIdentity(tx, learnt) {
    const { said, tenantId } = learnt;
    let facts = await findFacts(tx, said);
    let plan = planIdentity(facts, said);
    for (let tries = 0; tries < maxTries && changesPeople(plan); tries += 1) {
      if (tries === 0) {
        await lockPeople(tx, tenantId);
        facts = await findFacts(tx, said);
        plan = planIdentity(facts, said);
      }
      const personId = plan.keep ?? createId('person');
      if (await applyPlan(tx, learnt, { plan, personId, facts })) return describe(tx, personId, said);
      facts = await findFacts(tx, said);
      plan = planIdentity(facts, said);
    }
    if (plan.keep === null) throw new Error('an identity was neither found nor stored');
    if (plan.touch.length > 0)
      await touch(tx, { personId: plan.keep, positions: plan.touch, at: said.at, now: learnt.now });
    return describe(tx, plan.keep, said);
  };
}

function changesPeople({ keep, merge, close, retire, revive, add }: IdentityPlan): boolean {
  return keep === null || [merge, close, retire, revive, add].some((list) => list.length > 0);
}

async function findFacts(tx: Tx, said: SaidIdentity): Promise<IdentityFact[]> {
  const rows = await tx.query<FactRow>({
    name: 'find-identities',
    text: `select position::text as position, person_id, id, kind, is_former, until is not null as is_closed, seen_at
      from identity where person_id in (select person_id from identity where id = any ($1) and until is null)`,
    values: [listSaidIds(said)],
  });
  return rows.map((row) => ({
    position: row.position,
    personId: row.person_id,
    id: row.id,
    kind: row.kind,
    isFormer: row.is_former,
    isClosed: row.is_closed,
    seenAt: row.seen_at,
  }));
}

async function lockPeople(tx: Tx, tenantId: string): Promise<void> {
  const values = [`identities of ${tenantId}`];
  await tx.query({ text: 'select pg_advisory_xact_lock(hashtextextended($1, 0))', values });
}

/** False = somebody else has just stored one of the ids. */
async function applyPlan(
  tx: Tx,
  { tenantId, channelId, said, now }: IdentityToLearn,
  found: { readonly plan: IdentityPlan; readonly personId: string; readonly facts: readonly IdentityFact[] },
): Promise<boolean> {
  const { plan, personId, facts } = found;
  const changing = [plan.merge, plan.close, plan.retire, plan.revive].some((list) => list.length > 0);
  if (changing) await change(tx, plan, personId, now);
  const added = await tx.query<{ id: string }>({
    name: 'add-identities',
    text: `insert into identity
        (tenant_id, person_id, id, kind, channel_id, is_former, since, seen_at, person_seen_at)
      select $1::text, $2::text, id, kind, $3::text, "isFormer", case when "isTakenOver" then $5::timestamptz end,
        $4::timestamptz, $5::timestamptz
      from rows from (
        json_to_recordset($6::json) as (id text, kind text, "isFormer" boolean, "isTakenOver" boolean)
      ) with ordinality as list (id, kind, "isFormer", "isTakenOver", place)
      order by place
      on conflict (tenant_id, id) where until is null do nothing
      returning id`,
    values: [tenantId, personId, channelId, said.at, now, JSON.stringify(plan.add)],
  });
  if (added.length < plan.add.length) return false;
  if (plan.merge.length > 0) await joinConversations(tx, nameOf(facts, personId), listNames(facts, plan.merge));
  if (plan.touch.length > 0) await touch(tx, { personId, positions: plan.touch, at: said.at, now });
  return true;
}

/** Who has which id from now on. */
async function change(tx: Tx, plan: IdentityPlan, personId: string, now: Date): Promise<void> {
  await tx.execute({
    name: 'change-identities',
    text: `update identity set
        person_id = case when person_id = any ($1::text[]) then $2 else person_id end,
        until = case when position = any ($3::bigint[]) then $6::timestamptz else until end,
        is_former = case when position = any ($4::bigint[]) then true when position = any ($5::bigint[]) then false else is_former end
      where person_id = any ($1::text[]) or position = any ($3::bigint[] || $4::bigint[] || $5::bigint[])`,
    values: [plan.merge, personId, plan.close, plan.retire, plan.revive, now],
  });
}

function listNames(facts: readonly IdentityFact[], people: readonly string[]): string[] {
  return people.map((person) => nameOf(facts, person));
}

/** What a person was called before anything is changed: by the first of its rows. */
function nameOf(facts: readonly IdentityFact[], person: string): string {
  const own = facts.filter(({ personId, kind }) => personId === person && kind !== 'username');
  const [first] = own.toSorted((a, b) => (BigInt(a.position) < BigInt(b.position) ? -1 : 1));
  return nameOfIdentity(first?.id ?? '');
}

/** What stands in line in the conversations of these names goes on in that of the first one, in the order of acceptance; so does their window. */
async function joinConversations(tx: Tx, name: string, others: readonly string[]): Promise<void> {
  // The windows before the jobs, as whoever fails what waits for a window's template.
  await tx.execute({
    text: `with gone as (
        delete from reply_window where channel_id in (select id from channel) and person = any ($2) returning *
      )
      insert into reply_window as w (tenant_id, channel_id, person, heard_at, noted_at, touched_at)
      select tenant_id, channel_id, $1, max(heard_at), max(noted_at), max(touched_at) from gone group by tenant_id, channel_id
      on conflict (channel_id, person) do update set heard_at = greatest(w.heard_at, excluded.heard_at),
        noted_at = greatest(w.noted_at, excluded.noted_at), closed_at = null`,
    values: [name, others],
  });
  await tx.execute({
    text: `with standing as materialized (
        select job.id from unnest($2::text[]) as other (name) cross join channel
          join job on job.channel_id = channel.id and job.conversation_id = channel.id || '.' || other.name
            and job.is_ordered and job.state in ('queued', 'held', 'sending', 'relaying')
        where channel.kind = 'whatsapp' order by job.kind, job.acceptance for update of job
      )
      update job set conversation_id = job.channel_id || '.' || $1 from standing where job.id = standing.id`,
    values: [name, others],
  });
}

async function touch(
  tx: Tx,
  named: { readonly personId: string; readonly positions: readonly string[]; readonly at: Date; readonly now: Date },
): Promise<void> {
  await tx.execute({
    name: 'touch-identities',
    // Several messages of a person may come at once: whoever has a row touches it for all of them.
    text: `with own as materialized (
        select position from identity where person_id = $1 order by position for update skip locked
      )
      update identity set person_seen_at = greatest(person_seen_at, $4),
        seen_at = case when identity.position = any ($2::bigint[]) then greatest(seen_at, $3) else seen_at end
      from own where identity.position = own.position`,
    values: [named.personId, named.positions, named.at, named.now],
  });
}

async function describe(tx: Tx, personId: string, said: SaidIdentity): Promise<KnownRecipient> {
  const rows = await tx.query<{ known: KnownRecipient | null }>({
    name: 'describe-identity',
    text: 'select known_recipient($1, $2) as known',
    values: [personId, said.phones[0] ?? said.userId ?? ''],
  });
  const known = rows[0]?.known ?? null;
  if (known === null) throw new Error('a person that was just stored is not there');
  return known;
}
