/** Meta: free-form messages may be sent for so long after a person's last word. */
const windowMs = 24 * 60 * 60 * 1000;

/** `unknown` = the person has never written here, as far as is kept. */
export interface ConversationWindow {
  readonly state: 'open' | 'closed' | 'unknown';
  readonly closesAt: Date | null;
}

/** It runs from when the person wrote or from when that arrived, whichever is earlier; `saidAt` = Unix seconds, as Meta gave them. */
export function windowAfter(heardAt: Date | null, saidAt: unknown, now: Date): ConversationWindow {
  if (heardAt === null) return { state: 'unknown', closesAt: null };
  const seconds = typeof saidAt === 'string' || typeof saidAt === 'number' ? Number(saidAt) : Number.NaN;
  const startMs = seconds > 0 ? Math.min(seconds * 1_000, heardAt.getTime()) : heardAt.getTime();
  const closesAt = new Date(startMs + windowMs);
  return { state: closesAt > now ? 'open' : 'closed', closesAt };
}
