import { z } from 'zod';

export const defaultPageSize = 50;
export const maxPageSize = 200;

/** The query of every list; `z.object({ …pageQuery.shape, state: … })` adds filters. */
export const pageQuery = z.object({
  limit: z.coerce.number().int().min(1).max(maxPageSize).default(defaultPageSize).describe('How many at most'),
  cursor: z.string().min(1).max(1_000).optional().describe('`nextCursor` of the page before'),
});

/** The answer of every list; `nextCursor` null = this was the last page. */
export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({ data: z.array(item), nextCursor: z.string().nullable() });
}
