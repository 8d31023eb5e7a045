/** What may be logged of an error: names, codes and places in the code. Never its words or arguments. */
export interface FaultTrace {
  /** The error's class, or the type of what was thrown. */
  readonly name: string;
  /** Node's, Postgres' (SQLSTATE) or gRPC's code; null = it has none. */
  readonly code: string | null;
  /** Members of a database error: names of our own schema. */
  readonly constraint: string | null;
  readonly table: string | null;
  /** Innermost first, as `function (file:line:column)`. */
  readonly frames: readonly string[];
  /** What it was caused by, three deep at most. */
  readonly cause: FaultTrace | null;
}

const maxFrames = 20;
const maxDepth = 3;
const maxNameChars = 80;

/** Describes anything that was thrown, by what is no one's content: an error's words may quote what people wrote. */
export function traceFault(fault: unknown, depth = 1): FaultTrace {
  const isError = fault instanceof Error;
  const cause = isError && fault.cause !== undefined && depth < maxDepth ? traceFault(fault.cause, depth + 1) : null;
  return {
    name: isError ? (asIdentifier(fault.name) ?? 'Error') : typeof fault,
    code: readMember(fault, 'code'),
    constraint: readMember(fault, 'constraint'),
    table: readMember(fault, 'table'),
    frames: isError ? readFrames(fault) : [],
    cause,
  };
}

function readMember(fault: unknown, name: 'code' | 'constraint' | 'table'): string | null {
  if (!(fault instanceof Error) || !(name in fault)) return null;
  const value: unknown = Reflect.get(fault, name);
  return typeof value === 'number' ? String(value) : asIdentifier(value);
}

/** Names and codes are identifiers; anything else could be a sentence. */
function asIdentifier(value: unknown): string | null {
  return typeof value === 'string' && value.length <= maxNameChars && /^[\w$.-]+$/.test(value) ? value : null;
}

// `at name (place)` or `at place`, where the place is a file or a module of Node's, with its line and column.
const frame = /^\s+at (?:(?:async |new )*([\w$.<>#[\] ]{1,200}) \()?((?:file:\/\/|node:|\/)[^\s()]{1,500}:\d+:\d+)\)?$/;

/** The words come first in a stack and may hold lines that look like frames, so they are cut off before it is read. */
function readFrames(error: Error): string[] {
  const stack = typeof error.stack === 'string' ? error.stack : '';
  const { message } = error;
  const wordsAt = message === '' ? -1 : stack.indexOf(message);
  // The words were changed after the stack was made: which lines are theirs is not known.
  if (message !== '' && wordsAt === -1 && stack.split('\n', 2)[0] !== error.name) return [];
  const frames = stack
    .slice(wordsAt === -1 ? 0 : wordsAt + message.length)
    .split('\n')
    .map((line) => frame.exec(line))
    .filter((match) => match !== null);
  return frames.slice(0, maxFrames).map(([, name, place = '']) => (name === undefined ? place : `${name} (${place})`));
}
