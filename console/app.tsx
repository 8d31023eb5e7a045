import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { chosenTenant } from './call.ts';
import { startLive, stopLive } from './live.ts';
import { usePlace } from './router.ts';
import { readSession, SessionContext, type SessionState, signOut } from './session.ts';
import { ChooseTenant } from './views/choose-tenant.tsx';
import { SignIn } from './views/sign-in.tsx';
import { viewOf, sections } from './views/index.tsx';
import { AskDialog } from './widgets/ask.tsx';
import { Failure } from './widgets/basics.tsx';

/** The page: who is signed in, where they are, and the view of that place. */
export function App() {
  const [session, setSession] = useState<SessionState | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [wasSignedIn, setWasSignedIn] = useState(false);
  const refresh = useCallback(() => {
    readSession().then((read) => {
      setSession(read);
      setError(null);
    }, setError);
  }, []);
  useEffect(refresh, [refresh]);
  useEffect(() => {
    const leave = () => setSession('signed-out');
    addEventListener('waypost-signed-out', leave);
    return () => removeEventListener('waypost-signed-out', leave);
  }, []);
  useEffect(() => {
    if (session === null || typeof session === 'string') return undefined;
    setWasSignedIn(true);
    if (session.scopes.includes('events:read')) startLive();
    return stopLive;
  }, [session]);

  if (error !== null) return <Failure error={error} />;
  if (session === null) return <p class="soft centred">Opening …</p>;
  if (session === 'signed-out') return <SignIn onDone={refresh} hasEnded={wasSignedIn} />;
  const leave = () => {
    setWasSignedIn(false);
    signOut().then(() => setSession('signed-out'), setError);
  };
  const choose = () => {
    chosenTenant.forget();
    setSession('choose');
  };
  if (session === 'choose') return <ChooseTenant onDone={refresh} onLeave={leave} />;
  return (
    <SessionContext.Provider value={session}>
      <Shell tenantName={session.tenantName} keyName={session.keyName} onLeave={leave} onChoose={choose} />
      <AskDialog />
    </SessionContext.Provider>
  );
}

function Shell(props: { tenantName: string; keyName: string | null; onLeave: () => void; onChoose: () => void }) {
  const place = usePlace();
  const main = useRef<HTMLElement>(null);
  const section = place.section === '' ? 'overview' : place.section;
  const { title, view: View } = viewOf(section, place.id);
  const isFirst = useRef(true);
  useEffect(() => {
    document.title = `${place.id || title} · Waypost`;
    // Whoever goes on by keyboard or screen reader starts at the top of the new page.
    if (!isFirst.current) main.current?.focus();
    isFirst.current = false;
  }, [section, place.id]);
  return (
    <>
      <a class="skip" href="#main" onClick={(event) => (event.preventDefault(), main.current?.focus())}>
        Skip to the content
      </a>
      <header>
        <a class="brand" href="#/overview">
          Waypost
        </a>
        <nav aria-label="Sections">
          {sections.map(({ name, title: label }) => (
            <a key={name} href={`#/${name}`} aria-current={name === section ? 'page' : undefined}>
              {label}
            </a>
          ))}
        </nav>
        <span class="who soft">
          {props.tenantName} · {props.keyName ?? 'operator'}
        </span>
        {props.keyName === null && (
          <button type="button" onClick={props.onChoose}>
            Change tenant
          </button>
        )}
        <button type="button" onClick={props.onLeave}>
          Sign out
        </button>
      </header>
      <main id="main" ref={main} tabIndex={-1}>
        <View key={`${section}/${place.id}`} id={place.id} query={place.query} />
      </main>
    </>
  );
}
