import { useState } from 'preact/hooks';
import { signIn } from '../session.ts';

/** Asks for a key; it goes to the api once and is kept nowhere. */
export function SignIn({ onDone, hasEnded }: { onDone: () => void; hasEnded: boolean }) {
  const [complaint, setComplaint] = useState<string | null>(
    hasEnded ? 'The session has ended: it was too old, or its key was deleted.' : null,
  );
  const [key, setKey] = useState('');
  const submit = (event: Event) => {
    event.preventDefault();
    signIn(key.trim()).then(onDone, (error: unknown) => setComplaint(error instanceof Error ? error.message : 'No.'));
  };
  return (
    <main class="sign-in">
      <form onSubmit={submit}>
        <h1>Waypost console</h1>
        <p class="soft">
          Sign in with a tenant’s API key, or with the operator’s admin key. The key is exchanged for a session of
          twelve hours; the browser does not keep it.
        </p>
        {complaint !== null && (
          <p class="bad" role="alert">
            {complaint}
          </p>
        )}
        <label>
          API key
          <input
            type="password"
            name="key"
            autocomplete="off"
            required
            value={key}
            onInput={(event) => setKey(event.currentTarget.value)}
          />
        </label>
        <button class="primary">Sign in</button>
      </form>
    </main>
  );
}
