import { useState } from 'preact/hooks';
import { call, toPath } from '../call.ts';
import type { OptOut } from '../shapes.ts';
import { Act } from '../widgets/act.tsx';
import { Time } from '../widgets/basics.tsx';
import { List } from '../widgets/list.tsx';

/** Who wants no messages, or no marketing, and who said so. */
export function OptOuts() {
  const [version, setVersion] = useState(0);
  const changed = () => setVersion((before) => before + 1);
  return (
    <>
      <h1>Opt-outs</h1>
      <div class="actions">
        <Act
          title="Add one …"
          scope="messages:write"
          question={{
            title: 'Somebody wants no messages',
            body: <p>Sends to this person fail before anything goes out, until they opt in again.</p>,
            confirm: 'Opt out',
            texts: [{ name: 'identity', label: 'Phone number or user id' }],
          }}
          run={async ({ identity = '' }) => {
            await call(toPath('v1/opt-outs/{}', identity.trim()), { method: 'PUT', body: { category: 'all' } });
            changed();
            return 'Noted.';
          }}
        />
      </div>
      <List<OptOut>
        path="v1/opt-outs"
        columns={[
          { title: 'Person', show: (row) => row.identity },
          { title: 'From', show: (row) => (row.category === 'all' ? 'everything' : 'marketing') },
          { title: 'Since', show: (row) => <Time at={row.since} /> },
          { title: 'By', show: (row) => row.source.replaceAll('_', ' ') },
          { title: '', show: (row) => <End of={row} onActed={changed} /> },
        ]}
        keyOf={(row) => `${row.identity} ${row.category}`}
        empty="Nobody has opted out."
        matters={(type) => type.startsWith('recipient.')}
        version={version}
      />
    </>
  );
}

function End({ of: { identity, category }, onActed }: { of: OptOut; onActed: () => void }) {
  // One whose person was erased names nobody, so there is nothing to end it by.
  if (identity === null) return null;
  return (
    <Act
      title="End …"
      label={`End the opt-out of ${identity}`}
      scope="messages:write"
      question={{
        title: `End the opt-out of ${identity}?`,
        body: <p>Only where the person has asked for it. Messages may be sent to them again.</p>,
        confirm: 'They asked for it: end it',
        isDestructive: true,
      }}
      run={async () => {
        await call(`${toPath('v1/opt-outs/{}', identity)}?category=${category}`, { method: 'DELETE' });
        onActed();
        return 'Ended.';
      }}
    />
  );
}
