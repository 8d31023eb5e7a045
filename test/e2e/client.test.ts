import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Client, createClient } from '../../src/client/index.ts';
import { aNumber, type Caller } from '../support/caller.ts';
import { joinProduct, type SharedProduct } from '../support/product-fixture.ts';

let place: SharedProduct;
let tenant: Caller;
let client: Client;

beforeAll(async () => {
  place = await joinProduct();
  tenant = await place.makeTenant();
  await place.makeChannel(tenant);
  client = createClient({ url: place.apiUrl, apiKey: tenant.key });
});
afterAll(() => place.close());

const text = (words: string) => ({ to: aNumber(), activity: { type: 'message', text: words } }) as const;

describe('the client, against the product', () => {
  it('sends once under one key, follows the delivery in the stream, and finds the job in its list', async () => {
    const header = { 'Idempotency-Key': 'client-1' };
    const stop = AbortSignal.timeout(30_000);
    const [before] = await tenant.list<{ id: string }>('/v1/events?limit=1');
    expect(before).toBeUndefined();
    const { nextCursor } = await client.get('/v1/events');
    const message = { body: text('Hola'), params: { header } };
    const job = await client.post('/v1/messages', message);
    expect((await client.post('/v1/messages', message)).id).toBe(job.id);
    let last = '';
    for await (const { event } of client.events({ after: nextCursor, types: ['message.*'], signal: stop })) {
      if (event.type === 'message.read' || event.type === 'message.delivered') last = event.data.id;
      if (last !== '') break;
    }
    expect(last).toBe(job.id);
    await client.post('/v1/messages/batch', { body: { messages: [text('a'), text('b')], label: 'spring' } });
    const labelled: string[] = [];
    const query = { label: 'spring', limit: 1 };
    for await (const { label } of client.list('/v1/jobs', { params: { query } })) labelled.push(label ?? '');
    expect(labelled).toEqual(['spring', 'spring']);
  });

  it('throws the problem of a refusal, with its pointer', async () => {
    const refused = client.post('/v1/messages', { body: { ...text('x'), to: 'nobody' } });
    const problem = { requestId: expect.any(String), errors: [expect.objectContaining({ pointer: '/to' })] };
    await expect(refused).rejects.toMatchObject({ name: 'ProblemError', status: 422, problem });
  });
});
