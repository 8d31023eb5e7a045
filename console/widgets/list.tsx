import { useEffect, useRef, useState } from 'preact/hooks';
import { call, Refusal, toQuery } from '../call.ts';
import { useRefresh } from '../load.ts';
import { Failure } from './basics.tsx';
import { type Column, Table } from './table.tsx';

interface Page<Row> {
  readonly data: readonly Row[];
  /** Absent where the API answers a whole list. */
  readonly nextCursor?: string | null;
}

interface Rows<Row> {
  readonly rows: readonly Row[];
  readonly next: string | null;
}

const pageSize = 50;

/**
 * The newest page in place of what was seen of it; what was read on stays where it is. Rows of another time that nothing
 * links to the new page are left out: there may be others between.
 */
export function mergePages<Row>(fresh: Page<Row>, before: Rows<Row>, keyOf: (row: Row) => string): Rows<Row> {
  const freshKeys = new Set(fresh.data.map(keyOf));
  const last = before.rows.findLastIndex((row) => freshKeys.has(keyOf(row)));
  if (last === -1 || before.rows.length <= fresh.data.length)
    return { rows: fresh.data, next: fresh.nextCursor ?? null };
  return { rows: [...fresh.data, ...before.rows.slice(last + 1)], next: before.next };
}

/** A list of the API, newest first, that is kept fresh and can be read on. */
export function List<Row>(props: {
  path: string;
  query?: Readonly<Record<string, string | null | undefined>>;
  columns: readonly Column<Row>[];
  keyOf: (row: Row) => string;
  empty: string;
  /** The events after which the list is asked for anew; absent = it is polled. */
  matters?: (type: string) => boolean;
  /** Changed = ask anew. */
  version?: number;
  /** The API answers it whole, so it takes no page. */
  isWhole?: boolean;
}) {
  const { path, query = {}, columns, keyOf, empty, matters = () => false, version = 0, isWhole = false } = props;
  const asked = `${path}?${toQuery({ ...query, limit: isWhole ? null : pageSize })}`;
  const [state, setState] = useState<Rows<Row> & { asked: string | null }>({ rows: [], next: null, asked: null });
  const [error, setError] = useState<Refusal | null>(null);
  const latest = useRef(asked);
  latest.current = asked;

  const ask = (address: string, merge: (page: Page<Row>, before: Rows<Row>) => Rows<Row>) =>
    call<Page<Row>>(address).then(
      (page) => {
        if (latest.current !== asked) return;
        setError(null);
        setState((before) => ({ ...merge(page, before.asked === asked ? before : { rows: [], next: null }), asked }));
      },
      (refusal: unknown) => {
        if (latest.current === asked && refusal instanceof Refusal) setError(refusal);
      },
    );
  const refresh = () => void ask(asked, (page, before) => mergePages(page, before, keyOf));
  const readOn = (cursor: string) =>
    void ask(`${asked}&cursor=${encodeURIComponent(cursor)}`, (page, before) => ({
      rows: [...before.rows, ...page.data],
      next: page.nextCursor ?? null,
    }));

  useEffect(refresh, [asked, version]);
  useRefresh(refresh, matters);
  const { next } = state;
  return (
    <>
      {error !== null && <Failure error={error} />}
      {state.asked === asked ? (
        <Table columns={columns} rows={state.rows} keyOf={keyOf} empty={empty} />
      ) : (
        error === null && <p class="soft">Loading …</p>
      )}
      {state.asked === asked && next !== null && (
        <div class="actions">
          <button type="button" onClick={() => readOn(next)}>
            More
          </button>
        </div>
      )}
    </>
  );
}
