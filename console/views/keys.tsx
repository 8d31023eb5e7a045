import { useState } from 'preact/hooks';
import { scopes as allScopes } from '../../src/domain/scope.ts';
import { call, toPath } from '../call.ts';
import { useSession } from '../session.ts';
import type { ApiKey } from '../shapes.ts';
import { Act } from '../widgets/act.tsx';
import { Time } from '../widgets/basics.tsx';
import { List } from '../widgets/list.tsx';

/** The tenant's keys: new ones with the scopes that are ticked, and the end of old ones. */
export function Keys() {
  const { keyId, scopes } = useSession();
  const [version, setVersion] = useState(0);
  const [wanted, setWanted] = useState<readonly string[]>(['jobs:read']);
  const changed = () => setVersion((before) => before + 1);
  const toggle = (scope: string) =>
    setWanted((before) => (before.includes(scope) ? before.filter((each) => each !== scope) : [...before, scope]));
  return (
    <>
      <h1>API keys</h1>
      <fieldset>
        <legend>Scopes of a new key</legend>
        {allScopes.map((scope) => (
          <label key={scope} class="tick">
            {/* A key makes no key that may more than itself. */}
            <input
              type="checkbox"
              checked={wanted.includes(scope)}
              disabled={!scopes.includes(scope)}
              onChange={() => toggle(scope)}
            />{' '}
            {scope}
          </label>
        ))}
      </fieldset>
      <div class="actions">
        <Act
          title="Make a key …"
          scope="config:write"
          question={{
            title: 'A new key',
            body: <p>It may: {wanted.join(', ') || 'nothing, so tick a scope first'}. Its secret is shown once.</p>,
            confirm: 'Make it',
            texts: [{ name: 'name', label: 'Name' }],
          }}
          run={async ({ name }) => {
            const body = { name, scopes: wanted };
            const { apiKey } = await call<{ apiKey: string }>('v1/api-keys', { method: 'POST', body });
            changed();
            return `The key, shown once: ${apiKey}`;
          }}
        />
      </div>
      <List<ApiKey>
        path="v1/api-keys"
        columns={[
          { title: 'Name', show: (row) => `${row.name}${row.id === keyId ? ' (this session’s)' : ''}` },
          { title: 'Key', show: (row) => <code>{row.id}</code> },
          { title: 'Scopes', show: (row) => row.scopes.join(', ') },
          { title: 'Made', show: (row) => <Time at={row.createdAt} /> },
          { title: 'Expires', show: (row) => <Time at={row.expiresAt} /> },
          { title: '', show: (row) => <Delete of={row} isOwn={row.id === keyId} onActed={changed} /> },
        ]}
        keyOf={(row) => row.id}
        empty="There is no key."
        version={version}
      />
    </>
  );
}

function Delete({ of: { id, name }, isOwn, onActed }: { of: ApiKey; isOwn: boolean; onActed: () => void }) {
  return (
    <Act
      title="Delete …"
      label={`Delete the key ${name}`}
      scope="config:write"
      question={{
        title: `Delete the key ${name}?`,
        body: (
          <p>
            Whoever uses it is refused at once.{isOwn && ' This is the key of this session: you will be signed out.'}
          </p>
        ),
        confirm: 'Delete the key',
        isDestructive: true,
      }}
      run={async () => {
        await call(toPath('v1/api-keys/{}', id), { method: 'DELETE' });
        onActed();
        return 'Deleted.';
      }}
    />
  );
}
