export interface ServerSentEvent {
  /** Null = it has none. An id without data says where the stream stands. */
  readonly id: string | null;
  readonly data: string | null;
  /** How long the server asks to wait before the next connection. */
  readonly retryMs: number | null;
}

interface Reading {
  /** A message that is longer ends the reading with a `RangeError`. */
  readonly maxMessageChars: number;
  /** Called for every piece that arrives, comments included. */
  readonly onBytes: () => void;
}

/**
 * The messages of an event stream as they come. Written here because the parsers of the registry drop a message without data, and the
 * api's first one is such: it carries the cursor. Source: WHATWG HTML, "Server-sent events", parsing.
 */
export async function* readServerSentEvents(
  body: ReadableStream<Uint8Array>,
  { maxMessageChars, onBytes }: Reading,
): AsyncGenerator<ServerSentEvent> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  let fields: [name: string, value: string][] = [];
  let size = 0;
  try {
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      onBytes();
      text += decoder.decode(piece.value, { stream: true });
      // A carriage return at the very end may be the first half of a line break.
      const lines = text.split(/\r\n|\n|\r(?=[^])/);
      text = lines.pop() ?? '';
      for (const line of lines) {
        if (line !== '') {
          fields.push(readField(line));
          size += line.length;
          continue;
        }
        const event = toEvent(fields);
        fields = [];
        size = 0;
        if (event !== null) yield event;
      }
      if (size + text.length > maxMessageChars) {
        throw new RangeError(`A message of the stream is longer than ${maxMessageChars} characters.`);
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

function readField(line: string): [name: string, value: string] {
  const colon = line.indexOf(':');
  if (colon === -1) return [line, ''];
  return [line.slice(0, colon), line.slice(colon + 1).replace(/^ /, '')];
}

/** Null for what holds comments only. */
function toEvent(fields: readonly [name: string, value: string][]): ServerSentEvent | null {
  const all = (wanted: string) => fields.filter(([name]) => name === wanted).map(([, value]) => value);
  const data = all('data');
  const id = all('id').at(-1) ?? null;
  const retry = all('retry').at(-1) ?? '';
  const retryMs = /^\d{1,9}$/.test(retry) ? Number(retry) : null;
  if (data.length === 0 && id === null && retryMs === null) return null;
  return { id, data: data.length === 0 ? null : data.join('\n'), retryMs };
}
