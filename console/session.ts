import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Me } from './shapes.ts';
import { call, chosenTenant, Refusal, request } from './call.ts';

/** Who is signed in, and what they may do. */
export interface Session {
  readonly tenantName: string;
  /** Null = the operator, for this tenant. */
  readonly keyName: string | null;
  readonly keyId: string | null;
  readonly scopes: readonly string[];
}

/** `choose`: the operator is signed in and has not said for which tenant. */
export type SessionState = Session | 'choose' | 'signed-out';

/** Exchanges the key for a session cookie that scripts cannot read; nothing keeps the key itself. */
export async function signIn(key: string): Promise<void> {
  chosenTenant.forget();
  await request('console/session', { method: 'POST', headers: { authorization: `Bearer ${key}` } });
}

export async function signOut(): Promise<void> {
  chosenTenant.forget();
  await request('console/session', { method: 'DELETE' });
}

export async function readSession(): Promise<SessionState> {
  try {
    const { tenant, key, scopes } = await call<Me>('v1/me');
    return { tenantName: tenant.name, keyName: key?.name ?? null, keyId: key?.id ?? null, scopes };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    if (error.status === 401) return 'signed-out';
    // The admin key without a tenant, or with one that is gone; a key that may not even read jobs sees this too.
    if (error.status === 403 || error.status === 404) return 'choose';
    throw error;
  }
}

export const SessionContext = createContext<Session>({ tenantName: '', keyName: null, keyId: null, scopes: [] });

export const useSession = (): Session => useContext(SessionContext);

/** Why an action is not theirs; null = it is. */
export function useLack(scope: string | null): string | null {
  const { scopes } = useSession();
  return scope === null || scopes.includes(scope) ? null : `This key lacks the scope ${scope}.`;
}
