import { poll } from './poll.ts';

export interface StreamedMessage {
  readonly id: string;
  readonly event: string;
  /** The bytes of the field, as they came. */
  readonly data: string;
}

/** Reads a stream of server-sent events until it is closed, or the server ends it. */
export async function readEventStream(url: string, key: string, headers: Readonly<Record<string, string>> = {}) {
  const abort = new AbortController();
  const response = await fetch(url, { headers: { authorization: `Bearer ${key}`, ...headers }, signal: abort.signal });
  if (response.status !== 200 || response.body === null) throw new Error(`${url} was answered with ${response.status}`);
  const messages: StreamedMessage[] = [];
  const reading = collect(response.body, messages).catch(() => undefined); // cut off, by us or by the server's end
  return {
    messages,
    ended: reading,
    waitFor: (isDone: (messages: readonly StreamedMessage[]) => boolean) =>
      poll({ what: 'events in the stream', look: () => messages, isDone, timeoutMs: 30_000 }),
    async close() {
      abort.abort();
      await reading;
    },
  };
}

async function collect(body: ReadableStream<Uint8Array>, messages: StreamedMessage[]): Promise<void> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true });
    const blocks = text.split('\n\n');
    text = blocks.pop() ?? '';
    for (const block of blocks) {
      const fields = Object.fromEntries(
        block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
      );
      const { id, event, data } = fields;
      if (id !== undefined && event !== undefined && data !== undefined) messages.push({ id, event, data });
    }
  }
}
