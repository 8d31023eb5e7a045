import { createGuardedHttp, type GuardedHttp } from '../../src/upstreams/guarded-http/guarded-http.ts';
import type { ResolveName } from '../../src/upstreams/guarded-http/resolve-host.ts';
import { createUrlGuard } from '../../src/upstreams/guarded-http/url-guard.ts';

/** Calls loopback, but after `crowd(n)` has no free connection for the next n requests. */
export function createCrowdableHttp({ resolveName }: { readonly resolveName?: ResolveName } = {}): {
  readonly http: GuardedHttp;
  readonly crowd: (calls: number) => void;
} {
  const free = createGuardedHttp({
    guard: createUrlGuard({ allowHttp: true, allowNetworks: ['127.0.0.0/8'] }),
    connectionsPerOwner: 32,
    ...(resolveName && { resolveName, dnsTimeoutMs: 10_000 }),
  });
  let crowdedCalls = 0;
  return {
    http: {
      ...free,
      async request(request) {
        if (crowdedCalls === 0) return free.request(request);
        crowdedCalls -= 1;
        return { answered: false, fault: 'local_capacity', detail: 'No connection was free.', durationMs: 10_000 };
      },
    },
    crowd: (calls) => void (crowdedCalls = calls),
  };
}
