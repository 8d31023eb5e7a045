import type { Client } from '../client/index.ts';

/** One value that a verb takes: an argument of the command line, an option, or a member of a tool's input. */
export interface Parameter {
  readonly name: string;
  readonly description: string;
  /** Read by position; the others are options `--name`. */
  readonly isArgument?: boolean;
  readonly isRequired?: boolean;
  readonly kind?: 'text' | 'number' | 'flag';
}

export type Input = Readonly<Record<string, string | number | boolean | undefined>>;

/** What can be done with the api: a command for people, and a tool of `waypost mcp` for agents. */
export interface Verb {
  /** `jobs list`; a tool has the name `jobs_list`. */
  readonly name: string;
  readonly summary: string;
  /** Whether it changes anything: agents get it only with `--allow-writes`. */
  readonly isWrite: boolean;
  readonly parameters: readonly Parameter[];
  /** What is shown of each item of a list, by paths such as `error.code`; absent = all members of one thing. */
  readonly columns?: readonly string[];
  run(client: Client, input: Input): Promise<unknown>;
  /** What people are shown, where a table or a list of members says less. */
  describe?(result: unknown): string;
}

/** A mistake in what was typed, told in one sentence. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export function textOf(input: Input, name: string): string {
  const value = input[name];
  if (value === undefined || value === '') throw new UsageError(`${name} is missing.`);
  return String(value);
}

/** The members that were given. */
export function membersOf(input: Input, names: readonly string[]): object {
  return Object.fromEntries(names.flatMap((name) => (input[name] === undefined ? [] : [[name, input[name]] as const])));
}

/**
 * The same as a query or a filter. `never`, because nothing here knows whether a value is one of those that the api takes: the api does, and
 * its refusal names the wrong one, and the nearest right one.
 */
export function pick(input: Input, names: readonly string[]): never {
  return membersOf(input, names) as never;
}

export function parseJsonOption(text: string, name: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  } catch {
    // Said below.
  }
  throw new UsageError(`--${name} is not a JSON object.`);
}

export const defaultLimit = 50;
export const limitParameter: Parameter = {
  name: 'limit',
  description: `how many at most (default ${defaultLimit})`,
  kind: 'number',
};

/** The first so many of a list, over as many pages as it takes. */
export async function take<Item>(items: AsyncGenerator<Item>, input: Input): Promise<Item[]> {
  const limit = Number(input['limit'] ?? defaultLimit);
  if (!Number.isInteger(limit) || limit < 1 || limit > 10_000)
    throw new UsageError('limit is a number from 1 to 10000.');
  const taken: Item[] = [];
  for await (const item of items) {
    taken.push(item);
    if (taken.length >= limit) break;
  }
  return taken;
}
