import { afterEach, expect, it } from 'vitest';
import { createClient, type StreamedEvent } from '../../../src/client/index.ts';
import { readServerSentEvents } from '../../../src/client/server-sent-events.ts';
import { answer, aProblem, hangUp, type ScriptedAnswer, startScriptedServer } from '../../support/scripted-server.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function open(...script: readonly ScriptedAnswer[]) {
  const server = await startScriptedServer(...script);
  closers.push(server.close);
  return { ...server, client: createClient({ url: server.url, apiKey: 'wp_secret' }) };
}

function stream(...pieces: readonly string[]): ScriptedAnswer {
  return (_call, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.end(pieces.join(''));
  };
}
const start = (cursor: string): string => `id: ${cursor}\nretry: 1\n\n`;
const event = (cursor: string): string => `id: ${cursor}\nevent: message.sent\ndata: {"id":"evt_${cursor}"}\n\n`;

async function take(events: AsyncGenerator<StreamedEvent>, count: number): Promise<string[]> {
  const taken: string[] = [];
  for await (const { cursor } of events) {
    taken.push(cursor);
    if (taken.length === count) break;
  }
  return taken;
}

it('comes again behind the last event, also where a connection was cut off before its first one', async () => {
  const { client, calls } = await open(
    stream(start('c1')),
    hangUp,
    stream(event('c2'), ': still here\n\n'),
    stream(event('c3')),
  );
  expect(await take(client.events({ types: ['message.*', 'channel.paused'] }), 2)).toEqual(['c2', 'c3']);
  expect(calls.map(({ headers }) => headers['last-event-id'])).toEqual([undefined, 'c1', 'c1', 'c2']);
  expect(calls[0]?.line).toBe('GET /v1/events/stream?types=message.*%2Cchannel.paused');
});

it('goes on behind a given cursor, and ends when the caller says so', async () => {
  const abort = new AbortController();
  const { client, calls } = await open(stream(start('c7'), event('c8')));
  const taken: string[] = [];
  for await (const { cursor } of client.events({ after: 'c7', signal: abort.signal })) {
    taken.push(cursor);
    abort.abort();
  }
  expect([taken, calls[0]?.headers['last-event-id']]).toEqual([['c8'], 'c7']);
});

it('throws what no second try can change, and the last failure after so many in a row', async () => {
  const refused = await open(answer(400, aProblem(400, 'invalid_cursor')));
  await expect(refused.client.events({ after: 'x' }).next()).rejects.toMatchObject({ code: 'invalid_cursor' });
  expect(refused.calls).toHaveLength(1);
  const gone = await open(stream(start('c1')), hangUp);
  await expect(gone.client.events({ maxFailures: 2 }).next()).rejects.toThrow('The stream of events got no answer');
  // The first brought a cursor and counts as none.
  expect(gone.calls.length).toBeLessThanOrEqual(4);
});

const read = async (pieces: readonly string[], maxMessageChars = 1_000) => {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const piece of pieces) controller.enqueue(new TextEncoder().encode(piece));
      controller.close();
    },
  });
  const all = [];
  for await (const each of readServerSentEvents(body, { maxMessageChars, onBytes: () => undefined })) all.push(each);
  return all;
};

it.each([['\n'], ['\r\n'], ['\r']])(
  'reads messages with the line break %j, wherever the pieces break',
  async (lineBreak) => {
    const text = ['id: 1', 'data: a', 'data:b', '', ': comment', '', 'id', 'data', '', ''].join(lineBreak);
    const expected = [
      { id: '1', data: 'a\nb', retryMs: null },
      { id: '', data: '', retryMs: null },
    ];
    // A lone carriage return at the very end is a line break only once something follows.
    const end = lineBreak === '\r' ? ':' : '';
    expect(await read([text + end])).toEqual(expected);
    expect(await read([...text.split(''), end])).toEqual(expected);
  },
);

it('ends at a message without an end', async () => {
  await expect(read(['data: ', 'x'.repeat(600), 'x'.repeat(600)])).rejects.toThrow(RangeError);
});
