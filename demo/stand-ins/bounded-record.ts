/** The newest entries of something that may go on for hours; `total` counts the forgotten ones too. */
export interface BoundedRecord<Entry> {
  readonly total: number;
  /** Oldest first, at most the limit. */
  list(): readonly Entry[];
  add(entry: Entry): void;
  clear(): void;
}

export function createBoundedRecord<Entry>(limit: number): BoundedRecord<Entry> {
  let entries: Entry[] = [];
  let total = 0;
  return {
    get total() {
      return total;
    },
    list: () => entries.slice(-limit),
    add(entry) {
      total += 1;
      entries.push(entry);
      // Cutting only every `limit` entries keeps adding cheap.
      if (entries.length >= 2 * limit) entries = entries.slice(-limit);
    },
    clear() {
      entries = [];
      total = 0;
    },
  };
}
