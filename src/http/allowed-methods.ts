import type { FastifyInstance } from 'fastify';

interface Template {
  readonly method: string;
  readonly pattern: RegExp;
  readonly paramCount: number;
}

/**
 * Which methods a path answers to; call it before the routes are registered. Where two templates fit (`/v1/jobs/retry` and
 * `/v1/jobs/:id`), the one with fewer parameters names the resource. Empty = there is no such path.
 */
export function rememberMethods(app: FastifyInstance): (path: string) => string[] {
  const templates: Template[] = [];
  app.addHook('onRoute', ({ method, url, config }) => {
    if (config?.described?.isUnsupported === true) return;
    const params = url.match(/:\w+/g) ?? [];
    const escaped = url.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
    const source = escaped.replaceAll(/:\w+/g, '[^/]+').replaceAll(String.raw`\*`, '.*');
    const pattern = new RegExp(`^${source}/?$`);
    for (const each of [method].flat()) templates.push({ method: each, pattern, paramCount: params.length });
  });
  return (path) => {
    const fitting = templates.filter(({ pattern }) => pattern.test(path));
    const fewest = Math.min(...fitting.map(({ paramCount }) => paramCount));
    return [...new Set(fitting.filter(({ paramCount }) => paramCount === fewest).map(({ method }) => method))];
  };
}
