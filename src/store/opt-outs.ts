import { createHmac, randomBytes } from 'node:crypto';
import { type KnownRecipient, viewRecipient } from '../domain/identity/identity.ts';
import type { CreateId } from '../domain/ids.ts';
import type { KeyRing } from '../domain/key-ring.ts';
import { type OptOut, type OptOutCategory, type OptOutSource, viewOptOut } from '../domain/opt-out.ts';
import { findKnown, findOwnIds, type OwnId } from './people.ts';
import type { Tx } from './transactions.ts';

const hashKeyBytes = 32;

/** An opt-out with whom it is of; `id` null = of somebody who was erased. */
export interface KeptOptOut extends OptOut {
  readonly position: string;
  readonly id: string | null;
  readonly recipient: KnownRecipient | null;
}

interface Said {
  readonly tenantId: string;
  /** Any id of the person. */
  readonly id: string;
  readonly source: OptOutSource;
  /** Where it was said; null = by the API, for all channels. */
  readonly channelId: string | null;
  readonly now: Date;
}

/**
 * Who does not want what. A person is meant by any id; what was said of an id while it was somebody else's is not theirs. Of
 * people who were erased a hash of their ids is kept, and found by each of these.
 */
export interface OptOutStore {
  find(tx: Tx, tenantId: string, id: string): Promise<OptOut[]>;
  /** The same for ids of one person that are current, of erased people alone. */
  findErased(tx: Tx, tenantId: string, ids: readonly string[]): Promise<OptOutCategory[]>;
  /** Keeps it with its event; what the person has said before stays as it is. False = it did. */
  optOut(tx: Tx, said: Said & { readonly category: OptOutCategory }): Promise<boolean>;
  /** Ends them, or those of a category, with their events; false = there was none. */
  optIn(tx: Tx, said: Said & { readonly category: OptOutCategory | null }): Promise<boolean>;
  /** Newest first; `after` = the position of the last one of the page before. */
  list(tx: Tx, page: { readonly limit: number; readonly after: string | null }): Promise<KeptOptOut[]>;
  /** What an erasure leaves of them: their hashes. Returns how many opt-outs there are. */
  hideIds(tx: Tx, tenantId: string, ids: readonly OwnId[]): Promise<number>;
}

/** `$1` = `OwnId`s as JSON, `$2` = hashes of current ones. Served by `opt_out_by_id`. */
const areTheirs = `position in (
    select o.position from json_to_recordset($1::json) as own (id text, since timestamptz, until timestamptz)
      join opt_out o on o.id = own.id
        and o.since >= coalesce(own.since, '-infinity') and o.since < coalesce(own.until, 'infinity')
    union all select o.position from opt_out o where o.id = any ($2)
  )`;

export function createOptOutStore(dependencies: {
  readonly keyRing: KeyRing;
  readonly createId: CreateId;
}): OptOutStore {
  const { keyRing, createId } = dependencies;
  const placeOf = (tenantId: string) => ({ column: 'tenant.hash_key', tenantId, row: tenantId });

  /** Null = the tenant has none: nobody was erased who had opted out. */
  async function findHashKey(tx: Tx, tenantId: string): Promise<string | null> {
    const [row] = await tx.query<{ hash_key: string | null }>({
      name: 'find-hash-key',
      text: 'select hash_key from tenant where id = $1',
      values: [tenantId],
    });
    const sealed = row?.hash_key ?? null;
    return sealed === null ? null : keyRing.openText(sealed, placeOf(tenantId));
  }

  async function makeHashKey(tx: Tx, tenantId: string): Promise<string> {
    const sealed = keyRing.sealText(randomBytes(hashKeyBytes).toString('base64'), placeOf(tenantId));
    await tx.execute({
      text: 'update tenant set hash_key = $2 where id = $1 and hash_key is null',
      values: [tenantId, sealed],
    });
    const key = await findHashKey(tx, tenantId);
    if (key === null) throw new Error('a key for hashes was not stored');
    return key;
  }

  async function hashAll(tx: Tx, tenantId: string, ids: readonly string[]): Promise<string[]> {
    const key = await findHashKey(tx, tenantId);
    return key === null ? [] : ids.map((id) => hashId(key, id));
  }

  async function theirs(tx: Tx, tenantId: string, id: string): Promise<unknown[]> {
    const { ids } = await findOwnIds(tx, id);
    return [JSON.stringify(ids), await hashAll(tx, tenantId, currentOf(ids))];
  }

  async function find(tx: Tx, tenantId: string, id: string): Promise<OptOut[]> {
    return tx.query<OptOut & { category: OptOutCategory }>({
      name: 'find-opt-outs',
      text: `select distinct on (category) category, since, source from opt_out where ${areTheirs}
        order by category, since`,
      values: await theirs(tx, tenantId, id),
    });
  }

  async function tell(tx: Tx, type: string, said: Said, optOut: OptOut): Promise<void> {
    const recipient = viewRecipient(said.id, await findKnown(tx, said.id));
    const data = { recipient, channelId: said.channelId, ...viewOptOut(optOut) };
    await tx.execute({
      text: 'insert into event (id, tenant_id, type, data, created_at) values ($1, $2, $3, $4, $5)',
      values: [createId('event'), said.tenantId, type, JSON.stringify(data), said.now],
    });
  }

  return {
    find,

    async findErased(tx, tenantId, ids) {
      const hashes = await hashAll(tx, tenantId, ids);
      const rows = await tx.query<{ category: OptOutCategory }>({
        name: 'find-erased-opt-outs',
        text: 'select distinct category from opt_out where id = any ($1)',
        values: [hashes],
      });
      return rows.map(({ category }) => category);
    },

    async optOut(tx, { category, ...said }) {
      const { tenantId, id, source, now } = said;
      if ((await find(tx, tenantId, id)).some((each) => each.category === category)) return false;
      await tx.execute({
        text: 'insert into opt_out (tenant_id, id, category, source, since) values ($1, $2, $3, $4, $5)',
        values: [tenantId, id, category, source, now],
      });
      await tell(tx, 'recipient.opted_out', said, { category, source, since: now });
      return true;
    },

    async optIn(tx, { category, ...said }) {
      const { tenantId, id, source, now } = said;
      const ended = await tx.query<{ category: OptOutCategory }>({
        text: `with ended as (
            delete from opt_out where ${areTheirs} and ($3::text is null or category = $3) returning category
          ) select distinct category from ended order by category`,
        values: [...(await theirs(tx, tenantId, id)), category],
      });
      for (const each of ended) await tell(tx, 'recipient.opted_in', said, { ...each, source, since: now });
      return ended.length > 0;
    },

    async list(tx, page) {
      return tx.query<KeptOptOut>({
        text: `select o.position::text as position, case when starts_with(o.id, '#') then null else o.id end as id, category, since, source,
            (select known_recipient(person_id, own.id) from identity own
              where own.id = o.id and own.until is null and o.since >= coalesce(own.since, '-infinity')) as recipient
          from opt_out o where $1::bigint is null or o.position < $1 order by o.position desc limit $2`,
        values: [page.after, page.limit],
      });
    },

    async hideIds(tx, tenantId, ids) {
      const own = currentOf(ids);
      const hashes = await hashAll(tx, tenantId, own);
      const gone = await tx.query<OptOut>({
        text: `with gone as (delete from opt_out where ${areTheirs} returning category, source, since)
          select distinct on (category) category, source, since from gone order by category, since`,
        values: [JSON.stringify(ids), hashes],
      });
      await tx.execute({
        text: `delete from event where job_id is null and type in ('recipient.opted_out', 'recipient.opted_in')
          and (data -> 'recipient' ->> 'phone' = any ($1) or data -> 'recipient' ->> 'userId' = any ($1)
            or data -> 'recipient' ->> 'parentUserId' = any ($1))`,
        values: [own],
      });
      if (gone.length === 0) return 0;
      const key = await makeHashKey(tx, tenantId);
      await tx.execute({
        text: `insert into opt_out (tenant_id, id, category, source, since)
          select $1, own.hash, gone.category, gone.source, gone.since from unnest($2::text[]) as own (hash)
            cross join json_to_recordset($3::json) as gone (category text, source text, since timestamptz)`,
        values: [tenantId, own.map((id) => hashId(key, id)), JSON.stringify(gone)],
      });
      return gone.length;
    },
  };
}

function currentOf(ids: readonly OwnId[]): string[] {
  return ids.filter(({ until }) => until === null).map(({ id }) => id);
}

function hashId(key: string, id: string): string {
  return `#${createHmac('sha256', Buffer.from(key, 'base64')).update(id).digest('base64url')}`;
}
