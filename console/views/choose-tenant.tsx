import { chosenTenant } from '../call.ts';
import { useLoad } from '../load.ts';
import { Failure } from '../widgets/basics.tsx';

interface Tenants {
  readonly data: readonly { readonly id: string; readonly name: string }[];
}

/** The operator says for which tenant they look and act. */
export function ChooseTenant({ onDone, onLeave }: { onDone: () => void; onLeave: () => void }) {
  const { data, error } = useLoad<Tenants>('v1/tenants?limit=200');
  const choose = (id: string) => {
    chosenTenant.write(id);
    onDone();
  };
  return (
    <main class="sign-in">
      <h1>Tenants</h1>
      {error !== null && <Failure error={error} />}
      <ul class="plain">
        {data?.data.map(({ id, name }) => (
          <li key={id}>
            <button type="button" onClick={() => choose(id)}>
              {name} <code>{id}</code>
            </button>
          </li>
        ))}
      </ul>
      <button type="button" onClick={onLeave}>
        Sign out
      </button>
    </main>
  );
}
