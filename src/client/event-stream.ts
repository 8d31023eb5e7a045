import type { webhooks } from './api-types.ts';
import { ConnectionError, ProblemError, readProblemError } from './problem-error.ts';
import { backOffMs, type Fetch, sleep } from './retrying-fetch.ts';
import { readServerSentEvents } from './server-sent-events.ts';

type BodyOf<Operation> = Operation extends { requestBody: { content: { 'application/json': infer Body } } }
  ? Body
  : never;

/** What happened, told apart by `type`. A newer api may tell types that this list does not have. */
export type WaypostEvent = { [Type in keyof webhooks]: BodyOf<webhooks[Type]['post']> }[keyof webhooks];

export interface StreamedEvent {
  readonly event: WaypostEvent;
  /** Where it stands in the feed: give it as `after` to go on behind it. */
  readonly cursor: string;
}

export interface StreamOptions {
  /** A cursor, to go on behind it; absent = from now on. */
  readonly after?: string;
  /** Types or families, such as `['message.failed', 'channel.*']`; absent = all. */
  readonly types?: readonly string[];
  /** Ends the iteration, without an error. */
  readonly signal?: AbortSignal;
  /** Connections in a row that bring nothing, after which the last one's error is thrown; default 10. */
  readonly maxFailures?: number;
}

interface Source {
  readonly baseUrl: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly send: Fetch;
}

const defaultMaxFailures = 10;
/** The api says something every 15 s; a connection that is still for longer is dead. */
const silenceMs = 45_000;
const longestRestMs = 60_000;
const maxMessageChars = 4 * 1024 * 1024;

/** Follows the feed over as many connections as it takes; what no second try can change (a wrong key, a strange cursor) is thrown. */
export async function* followEvents(options: Source & StreamOptions): AsyncGenerator<StreamedEvent> {
  const { types, maxFailures = defaultMaxFailures } = options;
  const stop = options.signal ?? new AbortController().signal;
  const position = { cursor: options.after ?? null, restMs: 2_000, failures: 0 };
  const url = `${options.baseUrl}/v1/events/stream${types === undefined ? '' : `?types=${encodeURIComponent(types.join(','))}`}`;
  while (!stop.aborted) {
    try {
      yield* readConnection(url, options, position, stop);
      position.failures += 1;
    } catch (error) {
      if (stop.aborted) return;
      if (isFinal(error)) throw error;
      position.failures += 1;
      if (position.failures >= maxFailures) throw toError(error);
    }
    // The first rest after a connection that brought something is the one that the api asks for.
    const waitMs = backOffMs(Math.max(0, position.failures - 1), position.restMs, longestRestMs);
    await sleep(waitMs, stop).catch(() => undefined);
  }
}

/** One connection, to its end. Whatever it brings makes it a success, also the cursor at its very start. */
async function* readConnection(
  url: string,
  { headers, send }: Source,
  position: { cursor: string | null; restMs: number; failures: number },
  stop: AbortSignal,
): AsyncGenerator<StreamedEvent> {
  const silence = new AbortController();
  const listen = (): NodeJS.Timeout => setTimeout(() => silence.abort(new Error('The stream fell silent.')), silenceMs);
  let timer = listen();
  try {
    const request = new Request(url, {
      headers: {
        ...headers,
        accept: 'text/event-stream',
        ...(position.cursor !== null && { 'last-event-id': position.cursor }),
      },
      redirect: 'manual',
    });
    const response = await send(request, { signal: AbortSignal.any([stop, silence.signal]) });
    if (!response.ok) throw await readProblemError(response);
    if (response.body === null) return;
    const onBytes = (): void => {
      clearTimeout(timer);
      timer = listen();
    };
    for await (const { id, data, retryMs } of readServerSentEvents(response.body, { maxMessageChars, onBytes })) {
      position.failures = 0;
      position.cursor = id ?? position.cursor;
      position.restMs = Math.min(retryMs ?? position.restMs, longestRestMs);
      // The api's own documents; what it sends is what its OpenAPI document says.
      if (data !== null) yield { event: JSON.parse(data) as WaypostEvent, cursor: position.cursor ?? '' };
    }
  } finally {
    clearTimeout(timer);
    silence.abort();
  }
}

function isFinal(error: unknown): boolean {
  if (error instanceof RangeError || error instanceof SyntaxError) return true;
  return error instanceof ProblemError && error.status < 500 && error.status !== 429;
}

function toError(error: unknown): Error {
  if (error instanceof ProblemError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new ConnectionError(`The stream of events got no answer: ${reason}`, { cause: error });
}
