import { collectDefaultMetrics, Registry } from 'prom-client';

/** A registry with what every Node process tells of itself. */
export function createRegistry(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return registry;
}
