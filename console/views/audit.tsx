import { auditActions } from '../../src/domain/audit.ts';
import { placeOfTarget } from '../router.ts';
import type { AuditEntry } from '../shapes.ts';
import { Time } from '../widgets/basics.tsx';
import { Filters } from '../widgets/filters.tsx';
import { List } from '../widgets/list.tsx';
import type { ViewProps } from './view-props.ts';

const filters = [
  { name: 'action', label: 'Action', choices: auditActions },
  { name: 'target', label: 'Target (id)' },
  { name: 'createdAfter', label: 'After', type: 'datetime-local' },
  { name: 'createdBefore', label: 'Before', type: 'datetime-local' },
] as const;

/** Who changed what, and who read whose content. */
export function Audit({ query }: ViewProps) {
  return (
    <>
      <h1>Audit</h1>
      <Filters section="audit" filters={filters} query={query} />
      <List<AuditEntry>
        path="v1/audit"
        query={Object.fromEntries(filters.map(({ name }) => [name, query.get(name)]))}
        columns={[
          { title: 'At', show: (row) => <Time at={row.at} /> },
          { title: 'Who', show: (row) => (row.actor.kind === 'admin' ? 'operator' : row.actor.name) },
          { title: 'Did', show: (row) => row.action.replaceAll(/[._]/g, ' ') },
          { title: 'To', show: (row) => <Target id={row.target.id} /> },
          { title: 'Changed', show: (row) => row.changed.join(', ') },
        ]}
        keyOf={(row) => row.id}
        empty="Nothing was changed."
      />
    </>
  );
}

function Target({ id }: { id: string | null }) {
  const place = id === null ? null : placeOfTarget(id);
  return place === null ? <>{id}</> : <a href={place}>{id}</a>;
}
