import { Pool } from 'undici';

/**
 * On whose account a request is made. Each destination of a tenant (a channel's number, an endpoint, a directory) has
 * connections of its own, also where many share one host: one number that hangs at a gateway takes none from another.
 */
export interface RequestOwner {
  readonly tenantId: string;
  readonly destination: string;
}

// Tenants choose the origins: without a bound, every host ever named would keep its pool for the life of the process.
const maxPools = 1000;

export interface OriginPools {
  /** The owner's pool at the origin, made on first use; the one unused for longest is closed when there are too many. */
  take(origin: string, owner: RequestOwner): Pool;
  /** Lets the requests under way end (each is bounded by its own time), then closes every connection. */
  close(): Promise<void>;
}

/** One connection pool for each origin and owner, bounded in number. */
export function createOriginPools(optionsOf: (owner: RequestOwner) => Pool.Options): OriginPools {
  const pools = new Map<string, Pool>();
  const retiring = new Set<Promise<void>>();

  function retire(key: string, pool: Pool): void {
    pools.delete(key);
    const closing = pool.close().finally(() => retiring.delete(closing));
    retiring.add(closing);
  }

  return {
    take(origin, owner) {
      const key = JSON.stringify([origin, owner.tenantId, owner.destination]);
      const pool = pools.get(key) ?? new Pool(origin, optionsOf(owner));
      pools.delete(key);
      pools.set(key, pool); // a Map keeps the order of insertion: the first is the one unused for longest
      const [oldest] = pools;
      if (oldest !== undefined && pools.size > maxPools) retire(...oldest);
      return pool;
    },
    async close() {
      for (const [key, pool] of pools) retire(key, pool);
      await Promise.all(retiring);
    },
  };
}
