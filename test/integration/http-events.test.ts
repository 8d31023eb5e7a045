import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { poll } from '../support/poll.ts';
import { aWhatsappChannel, refusalOf, startTestApp, type TestApp } from '../support/test-app.ts';

let test: TestApp;
let baseUrl: string;
beforeAll(async () => {
  test = await startTestApp();
  await test.call('POST /v1/channels', { body: aWhatsappChannel() });
  baseUrl = await test.app.listen({ host: '127.0.0.1', port: 0 });
});
afterAll(() => test.close());

interface Told {
  readonly id: string;
  readonly type: string;
  readonly data: { readonly id: string; readonly state: string };
}

/** A message that is scheduled and then cancelled: two events. */
async function makeEvents(): Promise<string> {
  const sendAt = new Date(Date.now() + 3_600_000).toISOString();
  const body = { to: '+34600111222', activity: { type: 'message', text: 'Hola' }, sendAt };
  const id = String((await test.call('POST /v1/messages', { body })).at('id'));
  await test.call(`POST /v1/jobs/${id}/cancel`);
  return id;
}

async function pull(query: string) {
  const answer = await test.call(`GET /v1/events?${query}`);
  expect(answer.status).toBe(200);
  return answer.body as { data: Told[]; nextCursor: string }; // the API's contract
}

/** Follows a stream and collects its messages. */
async function openStream(query = '', lastEventId: string | null = null, key = test.key) {
  const controller = new AbortController();
  const response = await fetch(`${baseUrl}/v1/events/stream?${query}`, {
    headers: { authorization: `Bearer ${key}`, ...(lastEventId !== null && { 'last-event-id': lastEventId }) },
    signal: controller.signal,
  });
  const messages: { id: string; event: string; data: Told }[] = [];
  const told: { isEnded: boolean; firstId: string | null } = { isEnded: false, firstId: null };
  async function read(): Promise<void> {
    let text = '';
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) {
      text += decoder.decode(chunk as Uint8Array, { stream: true });
      const parts = text.split('\n\n');
      text = parts.pop() ?? '';
      for (const part of parts) {
        const fields = new Map(
          part.split('\n').map((line) => [line.split(': ')[0], line.slice(line.indexOf(': ') + 2)]),
        );
        const [id, event, data] = [fields.get('id'), fields.get('event'), fields.get('data')];
        if (id !== undefined) told.firstId ??= id;
        if (id !== undefined && event !== undefined && data !== undefined)
          messages.push({ id, event, data: JSON.parse(data) as Told }); // the API's contract
      }
    }
    told.isEnded = true;
  }
  const reading = read().catch(() => undefined);
  return {
    response,
    messages,
    told,
    waitFor: (count: number) =>
      poll({
        what: `${count} events`,
        look: () => messages,
        isDone: (list) => list.length >= count,
        timeoutMs: 10_000,
      }),
    async close(): Promise<void> {
      controller.abort();
      await reading;
    },
  };
}

describe('the feed of events', () => {
  it('tells what happened, oldest first, and goes on from its cursor, also when nothing is new', async () => {
    const id = await makeEvents();
    const first = await pull('');
    const own = first.data.filter(({ data }) => data.id === id);
    expect(own.map(({ type, data }) => [type, data.state])).toEqual([
      ['message.scheduled', 'scheduled'],
      ['message.cancelled', 'cancelled'],
    ]);
    const nothing = await pull(`after=${first.nextCursor}`);
    expect(nothing.data).toEqual([]);
    const next = await makeEvents();
    const second = await pull(`after=${nothing.nextCursor}`);
    expect(second.data.map(({ data }) => data.id)).toEqual([next, next]);
  });

  it('goes on behind an event by its id', async () => {
    const start = (await pull('')).nextCursor;
    await makeEvents();
    const [scheduled, cancelled] = (await pull(`after=${start}`)).data;
    expect((await pull(`after=${scheduled?.id}`)).data).toEqual([cancelled]);
  });

  it('leaves out types that were not asked for, and takes families', async () => {
    const start = (await pull('')).nextCursor;
    await makeEvents();
    const types = async (list: string) => (await pull(`after=${start}&types=${list}`)).data.map(({ type }) => type);
    expect(await types('message.cancelled')).toEqual(['message.cancelled']);
    expect(await types('message.*')).toEqual(['message.scheduled', 'message.cancelled']);
    expect(await types('notification.*,message.scheduled')).toEqual(['message.scheduled']);
    expect(refusalOf(await test.call('GET /v1/events?types=message.nothing'))[0]).toBe(422);
  });

  it('gives pages of the size that was asked for, none twice', async () => {
    const start = (await pull('')).nextCursor;
    for (let count = 0; count < 3; count += 1) await makeEvents();
    const seen: string[] = [];
    for (let after = start; ;) {
      const page = await pull(`after=${after}&limit=4`);
      if (page.data.length === 0) break;
      seen.push(...page.data.map(({ id }) => id));
      after = page.nextCursor;
    }
    expect(seen).toHaveLength(6);
    expect(new Set(seen).size).toBe(6);
  });

  it('refuses cursors that it did not make, and keys without the scope', async () => {
    expect(refusalOf(await test.call('GET /v1/events?after=nonsense'))).toEqual([
      400,
      'invalid_cursor',
      '/query/after',
    ]);
    const body = { name: 'Narrow', scopes: ['jobs:read'] };
    const key = String((await test.call('POST /v1/api-keys', { body })).at('apiKey'));
    for (const path of ['/v1/events', '/v1/events/stream']) {
      expect((await test.call(`GET ${path}`, { key })).status).toBe(403);
    }
  });

  it('shows a tenant its own events only', async () => {
    const other = await test.makeTenant();
    await makeEvents();
    expect((await test.call('GET /v1/events', { key: other.key })).at('data')).toEqual([]);
  });
});

describe('the stream of events', () => {
  it('tells what happens from now on', async () => {
    const stream = await openStream();
    expect(stream.response.headers.get('content-type')).toMatch(/^text\/event-stream/);
    const id = await makeEvents();
    await stream.waitFor(2);
    expect(stream.messages.map(({ event, data }) => [event, data.data.id])).toEqual([
      ['message.scheduled', id],
      ['message.cancelled', id],
    ]);
    await stream.close();
  });

  it('goes on where it broke, by the last id or the one at its beginning, with nothing twice and nothing left out', async () => {
    const stream = await openStream('types=message.*');
    await makeEvents();
    await stream.waitFor(2);
    await stream.close();
    const id = await makeEvents();
    const again = await openStream('types=message.*', stream.messages[1]?.id ?? '');
    await again.waitFor(2);
    expect(again.messages.map(({ data }) => data.data.id)).toEqual([id, id]);
    await again.close();
    const byEvent = await openStream('', stream.messages[0]?.data.id ?? '');
    await byEvent.waitFor(3);
    expect(byEvent.messages[0]?.data).toEqual(stream.messages[1]?.data);
    await byEvent.close();
    const byStart = await openStream('', stream.told.firstId);
    await byStart.waitFor(4);
    await byStart.close();
  });

  it('is refused beyond ten of a tenant, and a place is free again when one has gone', async () => {
    const streams = [];
    for (let count = 0; count < 10; count += 1) streams.push(await openStream());
    expect(streams.map(({ response }) => response.status)).toEqual(streams.map(() => 200));
    const refused = await test.call('GET /v1/events/stream');
    expect([refused.status, refused.at('code'), refused.headers['retry-after']]).toEqual([
      429,
      'too_many_requests',
      '5',
    ]);
    await streams[0]?.close();
    const again = await poll({
      what: 'a free place',
      look: async () => {
        const stream = await openStream();
        await stream.close();
        return stream.response.status;
      },
      isDone: (status) => status === 200,
      timeoutMs: 10_000,
    });
    expect(again).toBe(200);
    await Promise.all(streams.map((stream) => stream.close()));
  });

  it('shows nothing any more once its key was deleted, and ends', async () => {
    const made = await test.call('POST /v1/api-keys', { body: { name: 'reader', scopes: ['events:read'] } });
    const [stream, other] = [await openStream('', null, String(made.at('apiKey'))), await openStream()];
    await makeEvents();
    await stream.waitFor(2);
    expect((await test.call(`DELETE /v1/api-keys/${String(made.at('id'))}`)).status).toBe(204);
    await makeEvents();
    await other.waitFor(4);
    await poll({ what: 'the end', look: () => stream.told, isDone: ({ isEnded }) => isEnded, timeoutMs: 5_000 });
    expect(stream.messages).toHaveLength(2);
    await Promise.all([stream.close(), other.close()]);
  });

  // After a restore the numbers are lower, and those that are given anew were left out without a word.
  it('ends when a restore has set the numbers back behind it, and its cursor is refused', async () => {
    const owner = new pg.Client({ connectionString: test.database.url });
    await owner.connect();
    await makeEvents();
    const { nextCursor } = await pull('');
    await owner.query("select setval('event_sequence', last_value + 1000) from event_sequence");
    const stream = await openStream();
    await owner.query("select setval('event_sequence', last_value - 1000) from event_sequence");
    await owner.end();
    await poll({ what: 'the end of the stream', look: () => stream.told.isEnded, isDone: Boolean, timeoutMs: 10_000 });
    const beyond = `c${Number(nextCursor.slice(1)) + 1_000}`;
    expect(refusalOf(await test.call(`GET /v1/events?after=${beyond}`))).toEqual([
      400,
      'invalid_cursor',
      '/query/after',
    ]);
    expect((await pull(`after=${nextCursor}`)).data).toEqual([]);
  });

  it('ends when the process drains', async () => {
    const own = await startTestApp();
    const url = await own.app.listen({ host: '127.0.0.1', port: 0 });
    const response = await fetch(`${url}/v1/events/stream`, { headers: { authorization: `Bearer ${own.key}` } });
    const text = response.text();
    const startMs = Date.now();
    await own.close();
    expect(await text).toContain('retry:');
    expect(Date.now() - startMs).toBeLessThan(5_000);
  });
});
