/** The secrets of an endpoint: `current` signs, and each that it has replaced signs too until its time is over. */
export interface SigningSecrets {
  readonly current: string;
  readonly replaced: readonly { readonly secret: string; readonly until: string }[];
}

/** What an earlier release sealed names its one secret `secret`, and none that was replaced. */
export type SealedSecrets<Secrets extends SigningSecrets> = Partial<Secrets> & { readonly secret?: string };

export function readSigningSecrets({ current, secret, replaced }: SealedSecrets<SigningSecrets>): SigningSecrets {
  return { current: current ?? secret ?? '', replaced: replaced ?? [] };
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
