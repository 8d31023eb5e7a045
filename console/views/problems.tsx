import { toPath } from '../call.ts';
import { useLoad } from '../load.ts';
import { addressOf } from '../router.ts';
import type { Problem, ProblemCount } from '../shapes.ts';
import { Code, Failure, JobLink, Json, ProblemBox, Time } from '../widgets/basics.tsx';
import { Filters } from '../widgets/filters.tsx';
import { List } from '../widgets/list.tsx';
import { Table } from '../widgets/table.tsx';
import type { ViewProps } from './view-props.ts';

const filters = [
  { name: 'code', label: 'Code' },
  { name: 'source', label: 'Source' },
  { name: 'class', label: 'Class' },
  { name: 'createdAfter', label: 'After', type: 'datetime-local' },
] as const;

/** What goes wrong, counted by code, and the newest instances. */
export function Problems({ query }: ViewProps) {
  const given = Object.fromEntries(filters.map(({ name }) => [name, query.get(name)]));
  const { data, error } = useLoad<{ data: readonly ProblemCount[] }>('v1/problems/summary?groupBy=code', () => false);
  return (
    <>
      <h1>Problems</h1>
      {error !== null && <Failure error={error} />}
      {data !== null && (
        <Table
          columns={[
            { title: 'Count', show: (row) => row.count },
            { title: 'Code', show: (row) => <Code of={row.code} /> },
            { title: 'Last', show: (row) => <Time at={row.lastAt} /> },
            {
              title: '',
              show: (row) => (
                <>
                  <a href={addressOf('problems', '', `code=${row.code}`)}>instances</a>
                  {' · '}
                  <a href={addressOf('jobs', '', `errorCode=${row.code}`)}>jobs that ended so</a>
                </>
              ),
            },
          ]}
          rows={data.data}
          keyOf={(row) => row.code}
          empty="Nothing has gone wrong."
        />
      )}
      <h2>Newest</h2>
      <Filters section="problems" filters={filters} query={query} />
      <List<Problem>
        path="v1/problems"
        query={given}
        columns={[
          { title: 'At', show: (row) => <Time at={row.occurredAt} /> },
          { title: 'Code', show: (row) => <Code of={row.code} /> },
          { title: 'Class', show: (row) => row.class },
          { title: 'Job', show: (row) => <JobLink id={row.jobId} /> },
          { title: 'Detail', show: (row) => row.detail },
        ]}
        keyOf={(row) => row.instance}
        empty="None."
      />
    </>
  );
}

/** One problem, as the API keeps it. */
export function ProblemPage({ id }: ViewProps) {
  const { data, error } = useLoad<Problem>(toPath('v1/problems/{}', id));
  if (data === null) return error === null ? <p class="soft">Loading …</p> : <Failure error={error} />;
  return (
    <>
      <h1>{id}</h1>
      <ProblemBox of={data} />
      <p>
        <JobLink id={data.jobId} />
      </p>
      <Json of={data} />
    </>
  );
}
