import type { SaidIdentity } from '../../src/domain/identity/learn-identity.ts';

/** What a message says of its sender; nothing but what is given. */
export function aSaid(members: Partial<SaidIdentity> = {}): SaidIdentity {
  const nobody = { phones: [], userId: null, parentUserId: null, username: null, former: [] };
  return { source: 'message', ...nobody, at: new Date('2026-03-01T12:00:00Z'), ...members };
}
