import { describe, expect, it } from 'vitest';
import { readCallback } from '../../../../src/contracts/http/callback-items.ts';
import { mendJson } from '../../../../src/domain/json-hazards.ts';
import { drawBySeed, listCallbacks, mutate } from '../../../support/callback-corpus.ts';

const now = new Date('2026-11-30T12:00:00Z');
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const lists = ['messages', 'statuses', 'errors', 'history', 'message_echoes', 'calls', 'user_preferences', 'groups'];

/** Items of a callback, counted by the contract's own words: each member of a list, else the value itself. */
function countItems(body: Record<string, unknown>): number {
  const each = (holder: unknown, name: string, count: (member: unknown) => number): number => {
    const list = isObject(holder) ? (holder[name] ?? []) : null;
    return Array.isArray(list) ? list.reduce<number>((sum, member) => sum + count(member), 0) : 1;
  };
  return each(body, 'entry', (entry) =>
    each(entry, 'changes', (change) => {
      const value = isObject(change) ? change['value'] : null;
      if (!isObject(value)) return 1;
      const present = lists.filter((name) => (value[name] ?? null) !== null);
      return present.length === 0 ? 1 : present.reduce((sum, name) => sum + each(value, name, () => 1), 0);
    }),
  );
}

/** As the door reads it. */
function read(body: object) {
  return readCallback(mendJson(body) as Record<string, unknown>, now); // cast: mending leaves an object one
}

function countRead(body: object): number {
  const { messages, statuses, notices } = read(body);
  return messages.length + statuses.length + notices.length;
}

const valueOf = (value: unknown, field: unknown = 'messages') => ({ entry: [{ changes: [{ field, value }] }] });
const message = { id: 'wamid.1', from: '34600111222', type: 'text', text: { body: 'Hola' } };
const status = { id: 'wamid.2', status: 'sent' };

describe('a callback', () => {
  it('becomes as many messages, statuses and notices as it has items', () => {
    const corpus = listCallbacks('1001');
    expect(corpus.length).toBeGreaterThan(100);
    for (const body of corpus) expect(countRead(body)).toBe(countItems(body));
    expect(corpus.flatMap((body) => read(body).notices.filter(({ fault }) => fault !== null))).toEqual([]);
  });

  it('loses no item whatever is wrong with it', () => {
    const draw = drawBySeed(20_261_130);
    for (let round = 0; round < 20; round += 1) {
      for (const body of listCallbacks('1001')) {
        const mutated = mutate(body, draw);
        expect([JSON.stringify(mutated), countRead(mutated)]).toEqual([JSON.stringify(mutated), countItems(mutated)]);
      }
    }
  });

  it.each<[string, object]>([
    ['statuses that are null', { messages: [message], statuses: null }],
    ['contacts that are null', { messages: [message], contacts: null }],
    ['metadata that is null', { messages: [message], metadata: null }],
    ['metadata that is a text', { messages: [message], metadata: 'x' }],
    ['a number of a number', { messages: [message], metadata: { phone_number_id: 1001 } }],
    ['contacts of the wrong type', { messages: [message], contacts: [null, 7, { profile: 'x' }] }],
    ['a field that is null', { messages: [message] }],
  ])('with %s is read like any other', (what, value) => {
    const { messages, notices } = readCallback(valueOf(value, what.includes('field') ? null : 'messages'), now);
    expect([messages.length, notices]).toEqual([1, []]);
  });

  it.each<[string, unknown]>([
    ['a message without an id', { ...message, id: undefined }],
    ['a message of nobody', { ...message, from: undefined }],
    ['a message that is a text', 'Hola'],
    ['a message that is null', null],
    [
      'a message with a name that reaches prototypes',
      JSON.parse('{"id":"wamid.3","from":"34600111222","__proto__":{}}'),
    ],
  ])('with %s keeps that apart, and reads what stands beside it', (_, bad) => {
    const { messages, statuses, notices } = readCallback(
      valueOf({ messages: [bad, message], statuses: [status] }),
      now,
    );
    expect([messages.length, statuses.length]).toEqual([1, 1]);
    expect(notices).toMatchObject([{ field: 'messages', list: 'messages', fault: expect.any(String) }]);
  });

  it('has messages in the field "messages" alone', () => {
    const { messages, notices } = readCallback(valueOf({ messages: [message] }, 'history'), now);
    expect([messages, notices]).toMatchObject([[], [{ field: 'history', list: 'messages', fault: null }]]);
  });

  it('is mended where it holds what cannot be stored', () => {
    const { messages } = read(valueOf({ messages: [{ ...message, text: { body: 'a\0b \ud83d 😀' } }] }));
    expect(messages[0]?.raw['text']).toEqual({ body: 'a\uFFFDb \uFFFD 😀' });
  });

  it('that is nested too deeply anywhere spoils no more than that item', () => {
    const deep = JSON.parse(`${'['.repeat(5_000)}${']'.repeat(5_000)}`) as unknown;
    const { messages, notices } = read(valueOf({ messages: [{ ...message, deep }, message] }));
    expect([messages.length, notices.length]).toEqual([1, 1]);
  });

  it('tells of a payment without moving its message, and of a status without a readable time', () => {
    const payment = { id: 'wamid.4', status: 'failed', type: 'payment', timestamp: null };
    expect(readCallback(valueOf({ statuses: [payment] }), now).statuses).toMatchObject([
      { status: 'payment_failed', occurredAt: null },
    ]);
  });
});
