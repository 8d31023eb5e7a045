import type { MessageState } from '../job.ts';
import { mergeStatus, type ProviderStatus, toProviderStatus } from './status-merge.ts';

/** What is known of one send of a message. */
export interface PartState {
  readonly part: number;
  readonly state: string;
}

const weakestFirst: readonly ProviderStatus[] = ['accepted', 'sent', 'delivered', 'read'];

/**
 * A message of several sends is as far as its slowest part; null = not every part was taken yet. A part that was refused
 * and sent again counts by its best send.
 */
export function mergeParts(
  parts: readonly PartState[],
  total: number,
): Extract<MessageState, 'accepted' | 'sent' | 'delivered' | 'read'> | null {
  const best = new Map<number, ProviderStatus>();
  for (const { part, state } of parts) {
    const status = toProviderStatus(state);
    if (status === null || status === 'failed') continue;
    best.set(part, mergeStatus(best.get(part) ?? null, status, false).status);
  }
  if (best.size < total) return null;
  const slowest = Math.min(...[...best.values()].map((status) => weakestFirst.indexOf(status)));
  const merged = weakestFirst[slowest];
  return merged === undefined || merged === 'failed' ? null : merged;
}
