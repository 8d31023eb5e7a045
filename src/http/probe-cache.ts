import type { Registry } from 'prom-client';

/** How old an answer of `/metrics` or `/readyz` may be: nobody has to prove anything to ask for them. */
export const probeCacheMs = 1_000;

/**
 * Shares one run of `load` among all who ask while it runs, and what it told among all who ask within `keepMs` after it. What
 * failed is not kept.
 */
export function shareBriefly<Value>(load: () => Promise<Value>, keepMs: number): () => Promise<Value> {
  let shared: Promise<Value> | null = null;
  return () => {
    if (shared !== null) return shared;
    const started = load();
    shared = started;
    const forget = (): void => {
      if (shared === started) shared = null;
    };
    const keep = (): void => {
      if (keepMs === 0) forget();
      else setTimeout(forget, keepMs).unref();
    };
    started.then(keep, forget);
    return started;
  };
}

/** The figures as Prometheus reads them, made at most once in `keepMs`; `readMore` brings those of other registries. */
export function shareMetrics(
  metrics: Registry,
  keepMs: number,
  readMore: () => Promise<string> = async () => '',
): () => Promise<{ type: string; body: string }> {
  return shareBriefly(async () => {
    const [own, more] = await Promise.all([metrics.metrics(), readMore()]);
    return { type: metrics.contentType, body: own + more };
  }, keepMs);
}
