import { Pool } from 'undici';

// Tenants choose the origins: without a bound, every host ever named would keep its pool for the life of the process.
const maxOrigins = 1000;

export interface OriginPools {
  /** The origin's pool, made on first use; the one unused for longest is closed when there are too many. */
  take(origin: string): Pool;
  /** Lets the requests under way end (each is bounded by its own time), then closes every connection. */
  close(): Promise<void>;
}

/** One connection pool for each origin, as Undici's Agent has, but bounded in number. */
export function createOriginPools(poolOptions: Pool.Options): OriginPools {
  const pools = new Map<string, Pool>();
  const retiring = new Set<Promise<void>>();

  function retire(origin: string, pool: Pool): void {
    pools.delete(origin);
    const closing = pool.close().finally(() => retiring.delete(closing));
    retiring.add(closing);
  }

  return {
    take(origin) {
      const pool = pools.get(origin) ?? new Pool(origin, poolOptions);
      pools.delete(origin);
      pools.set(origin, pool); // a Map keeps the order of insertion: the first is the one unused for longest
      const [oldest] = pools;
      if (oldest !== undefined && pools.size > maxOrigins) retire(...oldest);
      return pool;
    },
    async close() {
      for (const [origin, pool] of pools) retire(origin, pool);
      await Promise.all(retiring);
    },
  };
}
