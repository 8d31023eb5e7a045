import { nameBodies, type Sent } from './body-names.ts';
import { asIs, type Named, type Naming } from './naming.ts';
import { nameParameters } from './parameter-names.ts';
import { namePaths } from './path-names.ts';
import type { Operation, Route } from './registered-routes.ts';

export interface WalkedRequest extends Sent {
  readonly path: string;
}

/** One call of a route, as a stranger makes it, as it is where there is no such thing, and as the owner makes it. */
export interface WalkedCall extends Named<WalkedRequest> {
  readonly route: Route;
  /** The path names something: where it is not there, the answer is 404. */
  readonly isNamedByPath: boolean;
  /** A filter of a list does. */
  readonly isFiltered: boolean;
}

/** Every way to name the owner's things that the routes offer. Throws, saying what is missing, where one is not known. */
export function listCalls(routes: readonly Route[], naming: Naming): WalkedCall[] {
  const paths = namePaths(naming);
  const bodies = nameBodies(naming);
  const parameters = nameParameters(naming);

  function pathsOf({ method, path }: Route): readonly Named<string>[] {
    if (!path.includes('{')) return [asIs(path)];
    const prefix = path.slice(0, path.lastIndexOf('}') + 1);
    const whole = paths[path];
    if (whole !== undefined) return whole;
    const tail = path.slice(prefix.length);
    const named = need(paths[prefix], `${method} ${path}: name what stands in ${prefix}`, 'path-names.ts');
    return named.map((each) => join(each, asIs(tail), (before, after) => before + after));
  }

  function bodiesOf({ path, operation }: Route): readonly Named<Sent>[] {
    const id = operation?.operationId ?? '';
    // Callbacks are read as bytes, so that nothing describes their body.
    if (operation?.requestBody === undefined && bodies[id] === undefined) return [asIs({})];
    return need(bodies[id], `${id} (${path}): say what its body names`, 'body-names.ts');
  }

  function queriesOf(operation: Operation | null): Named<string>[] {
    const own = (operation?.parameters ?? []).filter(({ in: place }) => place === 'query');
    // Beside a `from` it is the end of a time, and nobody's number.
    const isRange = own.some(({ name }) => name === 'from');
    const named = own.filter(({ name }) => !isRange || name !== 'to');
    return named.flatMap(({ name = '' }) =>
      need(parameters[name], `${operation?.operationId}: say what ?${name}= names`, 'parameter-names.ts').map((each) =>
        withName(name, each),
      ),
    );
  }

  return routes.flatMap((route) => {
    const queries = queriesOf(route.operation);
    const isVerification = queries.some(({ foreign }) => foreign.startsWith('hub.'));
    const all = queries.reduce((left, right) => join(left, right, (a, b) => `${a}&${b}`), asIs(''));
    return pathsOf(route).flatMap((path) => {
      const isNamedByPath = path.foreign !== path.absent;
      const base = isVerification ? join(path, all, (before, query) => `${before}?${query.slice(1)}`) : path;
      const filtered =
        isNamedByPath || isVerification ? [] : queries.map((each) => join(path, each, (a, b) => `${a}?${b}`));
      return [base, ...filtered].flatMap((target, index) =>
        bodiesOf(route).map((body) => ({
          ...join(target, body, (whole, sent) => ({ path: whole, ...sent })),
          route,
          isNamedByPath,
          isFiltered: index > 0,
        })),
      );
    });
  });
}

function join<A, B, C>(a: Named<A>, b: Named<B>, make: (a: A, b: B) => C): Named<C> {
  const own = a.own === null && b.own === null ? null : make(a.own ?? a.foreign, b.own ?? b.foreign);
  return { own, foreign: make(a.foreign, b.foreign), absent: make(a.absent, b.absent) };
}

function withName(name: string, part: Named<string>): Named<string> {
  const write = (text: string) => `${name}=${encodeURIComponent(text)}`;
  return { own: part.own === null ? null : write(part.own), foreign: write(part.foreign), absent: write(part.absent) };
}

function need<T>(known: T | undefined, lack: string, file: string): T {
  if (known === undefined) throw new Error(`${lack}, in test/support/walk/${file}`);
  return known;
}
