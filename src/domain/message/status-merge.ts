/**
 * What the provider has said of one send, weakest first (Meta: statuses come twice, in any order, and before the send has
 * returned). `failed` stands between `sent` and `delivered`: it ends the send, unless WhatsApp has moved it on later.
 */
const ranks = { accepted: 1, sent: 2, failed: 3, delivered: 4, read: 5 } as const;
export type ProviderStatus = keyof typeof ranks;

/** The provider's word as ours (`played` is a voice message's `read`); null for a word that we do not follow. */
export function toProviderStatus(word: string): ProviderStatus | null {
  if (word === 'played') return 'read';
  return Object.hasOwn(ranks, word) ? (word as ProviderStatus) : null; // cast: hasOwn does not narrow
}

/** The words that prove a `failed` before them wrong. */
const movingOn: ReadonlySet<ProviderStatus> = new Set(['sent', 'delivered', 'read']);

/**
 * Merges one more status into what is known (null = nothing yet): the higher rank wins, and of a `failed` and a `sent`,
 * `delivered` or `read` of the same send the one that WhatsApp has said later. So any order and any number of repetitions
 * lead to the same state, and applying a callback twice is safe. `isOvertaken` = that later word is not `next`.
 */
export function mergeStatus(
  known: ProviderStatus | null,
  next: ProviderStatus,
  isOvertaken: boolean,
): { readonly status: ProviderStatus; readonly changed: boolean } {
  const contradicts = known === 'failed' ? movingOn.has(next) : next === 'failed' && known === 'sent';
  const changed = contradicts ? !isOvertaken : known === null || ranks[next] > ranks[known];
  return { status: changed || known === null ? next : known, changed };
}
