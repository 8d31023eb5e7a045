import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JobView } from '../../src/domain/job-view.ts';
import { aNumber, type Caller } from '../support/caller.ts';
import { joinProduct, type ProductChannel, type SharedProduct } from '../support/product-fixture.ts';

/** A red dot: a whole PNG. */
const png =
  'iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFCAYAAACNbyblAAAAHElEQVQI12P4//8/w38GIAXDIBKE0DHxgljNBAAO9TXL0Y4OHwAAAABJRU5ErkJggg==';

let place: SharedProduct;
let tenant: Caller;
let channel: ProductChannel;

beforeAll(async () => {
  place = await joinProduct();
  tenant = await place.makeTenant();
  channel = await place.makeChannel(tenant);
});
afterAll(async () => {
  await place.close();
});

const sendsOf = (job: JobView) => place.kernel.sends.list().filter(({ jobId }) => jobId === job.id);

describe('a picture that comes inside its message', () => {
  it('is uploaded, and shown under the message it answers', async () => {
    const to = aNumber();
    const question = await tenant.send({ to });
    await tenant.follow(question.id, ['read']);

    place.kernel.scriptUploads(channel.phoneNumberId, [{ status: 503 }]);
    const answer = await tenant.send({
      to,
      activity: {
        type: 'message',
        text: 'This one',
        attachments: [{ contentType: 'image/png', contentUrl: `data:image/png;base64,${png}` }],
        replyToId: question.id,
      },
    });
    const job = await tenant.follow(answer.id, ['read']);

    const [[mediaId, file] = []] = place.kernel.media;
    expect(file).toMatchObject({ contentType: 'image/png', bytes: Buffer.from(png, 'base64').length });
    expect(sendsOf(answer).map(({ payload }) => [payload['image'], payload['context']])).toEqual([
      [{ id: mediaId, caption: 'This one' }, { message_id: sendsOf(question)[0]?.wamid }],
    ]);
    expect(job).toMatchObject({ attempts: 3, error: null, possibleDuplicate: false });
    const attempts = await tenant.list<{ target: string; outcome: string }>(`/v1/jobs/${answer.id}/attempts`);
    expect(attempts.map(({ target, outcome }) => [target.split('/').at(-1), outcome])).toEqual([
      ['media', 'retry'],
      ['media', 'accepted'],
      ['messages', 'accepted'],
    ]);
  });

  it('fails with its place in the activity where WhatsApp takes no such file', async () => {
    const job = await tenant.send({
      activity: {
        type: 'message',
        attachments: [{ contentType: 'image/gif', contentUrl: 'data:image/gif;base64,R0lGODlhAQABAAAAACw=' }],
      },
    });
    const failed = await tenant.follow(job.id, ['failed']);
    expect(failed.error).toMatchObject({
      code: 'rendering_failed',
      errors: [{ pointer: '/attachments/0/contentUrl', detail: expect.stringContaining('image/gif') }],
    });
    expect(sendsOf(job)).toEqual([]);
  });
});
