import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { verifyPost } from '../support/webhook-sink.ts';
import { openWebhookPlace, type WebhookPlace } from '../support/webhook-place.ts';

let place: WebhookPlace;
let channelId: string;
beforeAll(async () => {
  place = await openWebhookPlace();
  channelId = await place.addChannel();
});
beforeEach(() => {
  place.sink.answer = () => ({ status: 204 });
});
afterAll(() => place.close());

describe('the webhook relay', () => {
  it('sends every wanted event once, signed, with the id of the event and the bytes of its record', async () => {
    const { id, path, secret } = await place.addWebhook({ events: ['message.accepted', 'message.delivered'] });
    const jobs = [];
    for (let count = 0; count < 5; count += 1) jobs.push(await place.makeEvents(channelId));
    expect(await place.relay(id)).toEqual({ delivered: 10, hasMore: false });
    expect(await place.relay(id)).toEqual({ delivered: 0, hasMore: false });
    const posts = place.sink.at(path);
    for (const post of posts) {
      verifyPost(post, secret);
      expect(post.webhookId).toBe(post.event.id);
    }
    for (const job of jobs) {
      const own = posts.filter(({ event }) => event.data.id === job);
      expect(own.map(({ event }) => event.type)).toEqual(['message.accepted', 'message.delivered']);
      const [stored] = await place.rows<{ data: string; id: string }>(
        "select id, data::text as data from event where job_id = $1 and type = 'message.accepted'",
        [job],
      );
      expect(own[0]?.body).toContain(`"data":${stored?.data}`);
    }
    const deliveries = await place.deliveriesOf(id);
    expect(deliveries).toHaveLength(10);
    expect(deliveries[0]).toMatchObject({
      kind: 'event',
      state: 'delivered',
      attempts: [{ number: 1, httpStatus: 204 }],
    });
  });
});
