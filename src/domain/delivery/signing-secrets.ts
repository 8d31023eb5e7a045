/** The secrets of an endpoint: `current` signs, and each that it has replaced signs too until its time is over. */
export interface SigningSecrets {
  readonly current: string;
  readonly replaced: readonly { readonly secret: string; readonly until: string }[];
}

/** What earlier releases sealed names its one secret `secret`, and one that was replaced `previous`. */
export type SealedSecrets<Secrets extends SigningSecrets> = Partial<Secrets> & {
  readonly secret?: string;
  readonly previous?: string | null;
  readonly previousUntil?: string | null;
};

export function readSigningSecrets(sealed: SealedSecrets<SigningSecrets>): SigningSecrets {
  const { current, secret, replaced, previous, previousUntil } = sealed;
  const earlier = previous && previousUntil ? [{ secret: previous, until: previousUntil }] : [];
  return { current: current ?? secret ?? '', replaced: replaced ?? earlier };
}

/** Standard Webhooks recommends an overlap, in which receivers change over. */
const overlapMs = 24 * 60 * 60 * 1_000;

/** Those that sign at this time, the newest first. */
export function signingSecrets({ current, replaced }: SigningSecrets, now: Date): readonly string[] {
  return [current, ...stillSigning(replaced, now).map(({ secret }) => secret)];
}

/** The secrets with a new one; whoever replaces often keeps each of the old ones for its own 24 hours. */
export function replaceSecret({ current, replaced }: SigningSecrets, next: string, now: Date): SigningSecrets {
  const until = new Date(now.getTime() + overlapMs).toISOString();
  return { current: next, replaced: [{ secret: current, until }, ...stillSigning(replaced, now)] };
}

function stillSigning(replaced: SigningSecrets['replaced'], now: Date) {
  return replaced.filter(({ until }) => now.toISOString() < until);
}
