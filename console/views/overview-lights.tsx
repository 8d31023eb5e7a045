import { useLoad } from '../load.ts';
import { State } from '../widgets/basics.tsx';

/** Whether Waypost's own parts are there, as `/readyz` says: Postgres, Temporal, workers. */
export function Lights() {
  const { data, error } = useLoad<{ readonly degraded: readonly string[] }>('readyz', () => false);
  if (error !== null)
    return (
      <p class="notice" role="alert">
        <State of="down" /> {error.message}
      </p>
    );
  if (data === null) return null;
  return data.degraded.length === 0 ? (
    <p>
      <State of="ok" /> Postgres, Temporal and workers are there.
    </p>
  ) : (
    <div class="notice" role="alert">
      <State of="degraded" /> What is accepted is kept, and goes on when this is back: {data.degraded.join(', ')}.
    </div>
  );
}
