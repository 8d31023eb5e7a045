/**
 * What the provider has said of one send, weakest first. `failed` stands between `sent` and `delivered`: it ends the
 * send unless a delivery proves it wrong (Meta: statuses come twice, in any order, and before the send has returned).
 */
const ranks = { accepted: 1, sent: 2, failed: 3, delivered: 4, read: 5 } as const;
export type ProviderStatus = keyof typeof ranks;

/** The provider's word as ours (`played` is a voice message's `read`); null for a word that we do not follow. */
export function toProviderStatus(word: string): ProviderStatus | null {
  if (word === 'played') return 'read';
  return Object.hasOwn(ranks, word) ? (word as ProviderStatus) : null; // cast: hasOwn does not narrow
}

/**
 * Merges one more status into what is known (null = nothing yet): the higher rank wins. So any order and any number of
 * repetitions lead to the same state, and applying a callback twice is safe.
 */
export function mergeStatus(
  known: ProviderStatus | null,
  next: ProviderStatus,
): { readonly status: ProviderStatus; readonly changed: boolean } {
  const changed = known === null || ranks[next] > ranks[known];
  return { status: changed ? next : known, changed };
}
