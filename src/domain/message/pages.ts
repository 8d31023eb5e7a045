/** A page's workflow holds one workflow task while it sends, so a page is what a worker does in a second or so. */
export const maxPageMessages = 50;
/** Fewer are started one by one: each has its own story in the Web UI then. */
export const minPageMessages = 8;

/** Splits evenly, so that the last page is not a handful. */
export function splitIntoPages<T>(items: readonly T[]): T[][] {
  const count = Math.ceil(items.length / maxPageMessages);
  const size = Math.ceil(items.length / Math.max(count, 1));
  return Array.from({ length: count }, (_, page) => items.slice(page * size, (page + 1) * size));
}
