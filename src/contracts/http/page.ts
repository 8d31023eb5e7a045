import { z } from 'zod';

export const defaultPageSize = 50;
export const maxPageSize = 200;

/** The query of every list; `z.object({ …pageQuery.shape, state: … })` adds filters. */
export const pageQuery = z.object({
  limit: z.coerce.number().int().min(1).max(maxPageSize).default(defaultPageSize).describe('How many at most'),
  cursor: z.string().min(1).max(1_000).optional().describe('`nextCursor` of the page before'),
});

/**
 * The answer of every list; `nextCursor` null = this was the last page. A page may hold less than was asked for, or nothing,
 * and yet not be the last: a list looks through so many rows for what its filters ask, and then says where to go on.
 */
export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({
    data: z.array(item),
    nextCursor: z.string().nullable().describe('null = the last page; a page may be short, or empty, and not the last'),
  });
}
