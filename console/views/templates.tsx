import { useState } from 'preact/hooks';
import { call, toPath } from '../call.ts';
import { useLoad } from '../load.ts';
import { addressOf } from '../router.ts';
import type { Channel, Template } from '../shapes.ts';
import { Act } from '../widgets/act.tsx';
import { Failure, State, Time } from '../widgets/basics.tsx';
import { List } from '../widgets/list.tsx';
import type { ViewProps } from './view-props.ts';

/** The channels that may have templates. */
export function TemplateChannels() {
  const { data, error } = useLoad<{ data: readonly Channel[] }>('v1/channels?limit=200');
  return (
    <>
      <h1>Templates</h1>
      {error !== null && <Failure error={error} />}
      <ul>
        {data?.data
          .filter(({ kind }) => kind === 'whatsapp')
          .map(({ id, name }) => (
            <li key={id}>
              <a href={addressOf('templates', id)}>{name}</a>
            </li>
          ))}
      </ul>
    </>
  );
}

/** The templates of one channel, and the button that asks WhatsApp for them. */
export function Templates({ id }: ViewProps) {
  const path = toPath('v1/channels/{}/templates', id);
  const [version, setVersion] = useState(0);
  return (
    <>
      <h1>Templates</h1>
      <p>
        of <a href={addressOf('channels', id)}>{id}</a>
      </p>
      <div class="actions">
        <Act
          title="Ask WhatsApp now"
          scope="config:write"
          run={async () => {
            const { data } = await call<{ data: readonly Template[] }>(`${path}/sync`, { method: 'POST' });
            setVersion((before) => before + 1);
            return `${data.length} templates.`;
          }}
        />
      </div>
      <List<Template>
        path={path}
        isWhole
        columns={[
          { title: 'Name', show: (row) => row.name },
          { title: 'Language', show: (row) => row.language },
          { title: 'Status', show: (row) => <State of={row.status?.toLowerCase()} /> },
          { title: 'Quality', show: (row) => row.quality },
          { title: 'Category', show: (row) => row.category },
          { title: 'Reason', show: (row) => row.reason },
          { title: 'Updated', show: (row) => <Time at={row.updatedAt} /> },
        ]}
        keyOf={(row) => `${row.name} ${row.language}`}
        empty="None is known: sync them, or give the channel its wabaId."
        version={version}
      />
    </>
  );
}
