/** A tenant of the filled system, as many rows as it holds. */
export interface TenantSize {
  readonly name: string;
  readonly finished: number;
  readonly waiting: number;
}

/** One tenant that holds most of everything, and others that its size must not reach. In all 1,000,000 and 100,000. */
export const tenantSizes: readonly TenantSize[] = [
  { name: 'large', finished: 700_000, waiting: 70_000 },
  { name: 'middle', finished: 250_000, waiting: 25_000 },
  { name: 'small', finished: 50_000, waiting: 5_000 },
];

/** Of the one large notification of each tenant; the contract's most for the large one. */
export function recipientsOf({ finished }: TenantSize): number {
  return Math.min(100_000, finished / 5);
}

/** A share of it, to try the scenario out; never below what fills a few pages. */
export function scale(size: TenantSize, share: number): TenantSize {
  const of = (count: number) => Math.max(1_000, Math.round(count * share));
  return { ...size, finished: of(size.finished), waiting: of(size.waiting) };
}
