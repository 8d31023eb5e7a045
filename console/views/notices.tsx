import { call, toPath } from '../call.ts';
import { useLoad } from '../load.ts';
import { addressOf } from '../router.ts';
import type { Notice } from '../shapes.ts';
import { Act } from '../widgets/act.tsx';
import { Facts, Failure, Json, ProblemBox, State, Time } from '../widgets/basics.tsx';
import { Filters } from '../widgets/filters.tsx';
import { List } from '../widgets/list.tsx';
import type { ViewProps } from './view-props.ts';

const filters = [
  { name: 'channelId', label: 'Channel' },
  { name: 'field', label: 'Field' },
  { name: 'kind', label: 'Kind' },
  { name: 'createdAfter', label: 'After', type: 'datetime-local' },
] as const;

const isOfNotices = (type: string): boolean => type === 'channel.notice';

/** What WhatsApp said that is neither a message nor a status of one. */
export function Notices({ query }: ViewProps) {
  return (
    <>
      <h1>Notices</h1>
      <Filters section="notices" filters={filters} query={query} />
      <List<Notice>
        path="v1/notices"
        query={Object.fromEntries(filters.map(({ name }) => [name, query.get(name)]))}
        columns={[
          { title: 'At', show: (row) => <Time at={row.createdAt} /> },
          { title: 'Summary', show: (row) => <a href={addressOf('notices', row.id)}>{row.summary}</a> },
          { title: 'Field', show: (row) => row.field },
          { title: 'Kind', show: (row) => row.kind },
          { title: 'Effect', show: (row) => <State of={row.effect} /> },
        ]}
        keyOf={(row) => row.id}
        empty="WhatsApp has said nothing of the kind."
        matters={isOfNotices}
      />
    </>
  );
}

/** One notice, which can be read once more after an upgrade. */
export function NoticePage({ id }: ViewProps) {
  const path = toPath('v1/notices/{}', id);
  const { data, error, reload } = useLoad<Notice>(path);
  if (data === null) return error === null ? <p class="soft">Loading …</p> : <Failure error={error} />;
  return (
    <>
      <h1>{data.summary}</h1>
      <div class="actions">
        <Act
          title="Replay …"
          scope="jobs:write"
          question={{
            title: 'Read this notice once more?',
            body: <p>Its effect on the channel, templates or opt-outs is applied as if it had come now.</p>,
            confirm: 'Replay',
          }}
          run={async () => {
            const { effect } = await call<Notice>(`${path}/replay`, { method: 'POST' });
            reload();
            return `Its effect: ${effect.replaceAll('_', ' ')}.`;
          }}
        />
      </div>
      {data.problem !== null && <ProblemBox of={data.problem} />}
      <Facts
        of={{
          Effect: <State of={data.effect} />,
          Field: data.field,
          Kind: data.kind,
          Channel: <a href={addressOf('channels', data.channelId)}>{data.channelId}</a>,
          At: <Time at={data.createdAt} />,
        }}
      />
      {data.raw === null ? (
        <p class="soft">What it says in full needs the scope content:read.</p>
      ) : (
        <Json of={data.raw} />
      )}
    </>
  );
}
