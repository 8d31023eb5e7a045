import type { MerchantAnswer } from '../../upstreams/directory/directory-client.ts';

/** What an answer costs besides its text: its entry and its objects, roughly. */
const bytesPerEntry = 500;

/**
 * What a directory said about merchants, kept for the next pages of the same batch: they name the same ones, and one that
 * hung is not waited for again. The longest unused goes first when there are too many, or too much.
 */
export interface DirectoryCache {
  get(key: string): MerchantAnswer | null;
  /** `keepForMs` = how long it may be used; left out = as long as the cache keeps anything. */
  put(key: string, answer: MerchantAnswer, keepForMs?: number): void;
}

export function createDirectoryCache(options: {
  readonly nowMs: () => number;
  readonly maxEntries?: number;
  readonly maxBytes?: number;
  readonly keepForMs?: number;
}): DirectoryCache {
  const { nowMs, maxEntries = 5_000, maxBytes = 32 * 1024 * 1024, keepForMs = 60_000 } = options;
  // A Map keeps the order of insertion: the first is the one unused for longest.
  const entries = new Map<
    string,
    { readonly answer: MerchantAnswer; readonly bytes: number; readonly untilMs: number }
  >();
  let bytes = 0;

  function remove(key: string): void {
    bytes -= entries.get(key)?.bytes ?? 0;
    entries.delete(key);
  }

  return {
    get(key) {
      const entry = entries.get(key);
      if (entry === undefined) return null;
      entries.delete(key);
      if (entry.untilMs > nowMs()) {
        entries.set(key, entry);
        return entry.answer;
      }
      bytes -= entry.bytes;
      return null;
    },
    put(key, answer, useForMs = keepForMs) {
      remove(key);
      const entryBytes = bytesPerEntry + (answer.kind === 'known' ? answer.bytes : 0);
      if (entryBytes > maxBytes) return;
      entries.set(key, { answer, bytes: entryBytes, untilMs: nowMs() + useForMs });
      bytes += entryBytes;
      for (const [oldest] of entries) {
        if (entries.size <= maxEntries && bytes <= maxBytes) return;
        remove(oldest);
      }
    },
  };
}
