import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aMessage } from '../support/caller.ts';
import { createCountedStores } from '../support/counted-stores.ts';
import { aWhatsappChannel, startTestApp, type TestApp } from '../support/test-app.ts';

// Went wrong: a batch was one transaction of three statements for each of its messages, one after the other.
let test: TestApp;
let transactions: string[][];
beforeAll(async () => {
  test = await startTestApp((usual) => {
    const counted = createCountedStores(usual);
    ({ transactions } = counted);
    return counted.stores;
  });
  await test.call('POST /v1/channels', { body: aWhatsappChannel() });
});
afterAll(() => test.close());

async function acceptBatch(messages: readonly object[]) {
  transactions.length = 0;
  const answer = await test.call('POST /v1/messages/batch', { body: { messages } });
  const data = messages.map((_message, index) => ({
    id: String(answer.at(`data.${index}.id`)),
    state: answer.at(`data.${index}.state`),
    code: answer.at(`data.${index}.code`),
  }));
  return { status: answer.status, data };
}

describe('a batch', () => {
  it('of 500 messages is stored by two statements', async () => {
    const { status, data } = await acceptBatch(Array.from({ length: 500 }, () => aMessage()));
    expect(status).toBe(202);
    expect(new Set(data.map(({ state }) => state))).toEqual(new Set(['queued']));
    // What waits is counted once in a while.
    const stores = transactions[1]?.filter((name) => name !== 'count-waiting-of-tenant');
    expect([transactions.length, stores]).toEqual([2, ['find-only-whatsapp', 'insert-jobs']]);
    const stored = await test.dependencies.transactions.withTenant(test.tenantId, (tx) =>
      tx.query<{ id: string }>({
        text: 'select id from job where id = any ($1) order by acceptance',
        values: [data.map(({ id }) => id)],
      }),
    );
    expect(stored.map(({ id }) => id)).toEqual(data.map(({ id }) => id));
  });

  it('keeps the order inside each conversation, and judges each of its messages by itself', async () => {
    const messages = Array.from({ length: 12 }, (_, index) =>
      aMessage({ conversationId: `conversation ${index % 3}`, ...(index === 4 && { channelId: 'chn_unknown' }) }),
    );
    const { data } = await acceptBatch(messages);
    const [firsts, rest] = [data.slice(0, 3), data.slice(3)];
    expect(firsts.map(({ state }) => state)).toEqual(['queued', 'queued', 'queued']);
    expect(rest.map(({ state, code }) => code ?? state)).toEqual(
      rest.map((_each, index) => (index === 1 ? 'channel_not_found' : 'held')),
    );
    expect(transactions).toHaveLength(2);
  });
});

// Went wrong: each call looked its key up in a transaction of its own, also where fifty came at once with the same one.
describe('calls that come together with one key', () => {
  it('look it up together, and each after it came', async () => {
    const lookUps = () => transactions.filter(([first]) => first === 'find-api-key').length;
    const call = () => test.call('GET /v1/channels');
    await call();
    transactions.length = 0;
    const answers = await Promise.all(Array.from({ length: 50 }, call));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(lookUps()).toBeLessThanOrEqual(10);

    const made = await test.call('POST /v1/api-keys', { body: { name: 'short-lived', scopes: ['config:write'] } });
    const key = String(made.at('apiKey'));
    const ask = () => test.call('GET /v1/channels', { key });
    expect((await ask()).status).toBe(200);
    const before = Array.from({ length: 20 }, ask);
    await test.call(`DELETE /v1/api-keys/${String(made.at('id'))}`);
    const after = await Promise.all(Array.from({ length: 20 }, ask));
    await Promise.all(before);
    expect(new Set(after.map(({ status }) => status))).toEqual(new Set([401]));
  });
});
