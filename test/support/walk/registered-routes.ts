import type { TestApp } from '../test-app.ts';

/** What the description says of an operation, as far as a walk needs it. */
export interface Operation {
  readonly operationId: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly security: readonly Record<string, unknown>[];
  readonly parameters?: readonly { readonly name?: string; readonly in?: string; readonly $ref?: string }[];
  readonly requestBody?: { readonly content: Record<string, unknown> };
  readonly responses: Record<string, { readonly content?: Record<string, unknown> }>;
}

export interface Route {
  readonly method: string;
  /** With parameters in braces. */
  readonly path: string;
  /** Null = the route is hidden from the description. */
  readonly operation: Operation | null;
}

/** Every route that the router knows, with its place in /openapi.json. HEAD is left out: it is GET without the body. */
export async function listRoutes(test: TestApp): Promise<Route[]> {
  const document = await test.call('GET /openapi.json', { key: null });
  const described = document.at('paths') as Record<string, Record<string, Operation>>;
  return readRouteTree(test.app.printRoutes({ commonPrefix: false })).map(({ method, path }) => ({
    method,
    path,
    operation: described[path]?.[method.toLowerCase()] ?? null,
  }));
}

/** Reads fastify's drawing of its router: a line is a branch of the one above that is indented less. */
function readRouteTree(drawing: string): { method: string; path: string }[] {
  const parents: string[] = [];
  return drawing.split('\n').flatMap((line) => {
    const [, indent, part = '', methods = ''] = /^((?:│ {3}| {4})*)[├└]── (\S+) \(([A-Z, ]+)\)$/.exec(line) ?? [];
    if (indent === undefined) return [];
    const depth = indent.length / 4;
    parents[depth] = `${depth === 0 ? '' : (parents[depth - 1] ?? '')}${part}`;
    const path = (parents[depth] ?? '').replaceAll(/:(\w+)/g, '{$1}');
    return methods
      .split(', ')
      .filter((method) => method !== 'HEAD')
      .map((method) => ({ method, path }));
  });
}
