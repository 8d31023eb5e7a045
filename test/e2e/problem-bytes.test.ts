import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { metaRefusal } from '../../demo/stand-ins/meta-error.ts';
import type { JobView } from '../../src/domain/job-view.ts';
import { aNumber, type Caller } from '../support/caller.ts';
import { readEventStream } from '../support/event-reader.ts';
import { poll } from '../support/poll.ts';
import { joinProduct, type SharedProduct } from '../support/product-fixture.ts';
import { startWebhookSink } from '../support/webhook-sink.ts';

let place: SharedProduct;
let tenant: Caller & { readonly tenantId: string };
let sink: Awaited<ReturnType<typeof startWebhookSink>>;

beforeAll(async () => {
  place = await joinProduct();
  sink = await startWebhookSink();
  tenant = await place.makeTenant();
  await place.makeChannel(tenant);
});
afterAll(async () => {
  await place.close();
  await sink.stop();
});

const textOf = async (path: string) => (await tenant.call(`GET ${path}`)).text;

/** The document of a problem as its own address gives it: what must stand everywhere else, byte for byte. */
async function bytesOf(problem: { readonly instance: string } | null): Promise<string> {
  const { pathname } = new URL(problem?.instance ?? '');
  const answer = await tenant.call(`GET ${pathname}`);
  expect(answer.headers.get('content-type')).toContain('application/problem+json');
  return answer.text;
}

describe('a problem is the same bytes', () => {
  it('on the job, its attempt, at its address, in the list, in the feed, in the stream and at a subscriber', async () => {
    await tenant.ask('POST /v1/webhooks', { url: `${sink.url}/hook`, events: ['message.failed'] });
    const stream = await readEventStream(`${place.apiUrl}/v1/events/stream?types=message.failed`, tenant.key);
    const to = aNumber();
    // Letters and signs that a JSON writer may put in more than one way.
    const details = 'Ñandú "quoted" \\ 1.0 </script> 😀 é';
    place.kernel.script(to, [{ answer: metaRefusal(400, 131_009, { details }) }]);
    const { id } = await tenant.send({ to, metadata: { b: 1, a: 2 } });
    const job = await tenant.follow(id, ['failed']);
    const bytes = await bytesOf(job.error);
    expect(bytes).toContain('"code":"whatsapp_131009"');
    const post = await poll({
      what: 'the event at the subscriber',
      look: () => sink.posts.find(({ event }) => event.data.id === id),
      isDone: (found) => found !== undefined,
      timeoutMs: 30_000,
    });
    await stream.waitFor((messages) => messages.length > 0);
    await stream.close();
    expect(await textOf(`/v1/jobs/${id}`)).toContain(`"error":${bytes}`);
    expect(await textOf(`/v1/jobs?to=${encodeURIComponent(to)}`)).toContain(`"error":${bytes}`);
    expect(await textOf(`/v1/jobs/${id}/attempts`)).toContain(`"problem":${bytes}`);
    expect(await textOf('/v1/problems')).toContain(bytes);
    expect(await textOf('/v1/events?types=message.failed')).toContain(`"error":${bytes}`);
    expect(stream.messages[0]?.data).toContain(`"error":${bytes}`);
    expect(post?.body).toContain(`"error":${bytes}`);
  });

  it("on a notification's recipients and errors", async () => {
    const integration = { name: 'erp', url: `${place.integrator.url}/hub`, secret: place.integratorSecret };
    await tenant.ask('POST /v1/integrations', { ...integration, retrySchedule: [0] });
    await tenant.ask('PUT /v1/directory/merchants/bakery', { active: true });
    const { id } = await tenant.ask<JobView>('POST /v1/notifications', {
      type: 'USER_CENTER_NOTIFICATION',
      integration: 'erp',
      titleI18n: { en: 'a' },
      messageI18n: { en: 'b' },
      receivers: [{ merchantId: 'bakery', userIds: ['stranger'] }],
    });
    await tenant.follow(id, ({ terminal }) => terminal);
    const [error] = await tenant.list<{ problem: { instance: string } }>(`/v1/jobs/${id}/errors`);
    const bytes = await bytesOf(error?.problem ?? null);
    expect(await textOf(`/v1/jobs/${id}/errors`)).toContain(`"problem":${bytes}`);
    expect(await textOf(`/v1/jobs/${id}/recipients`)).toContain(`"error":${bytes}`);
  });

  it('on a delivery that a subscriber refuses, and its attempt', async () => {
    sink.answer = () => ({ status: 400, body: 'no' });
    const { id: webhookId } = await tenant.ask<{ id: string }>('POST /v1/webhooks', { url: `${sink.url}/refuses` });
    const delivery = await tenant.ask<{ id: string; error: { instance: string } }>(
      `POST /v1/webhooks/${webhookId}/test`,
    );
    const bytes = await bytesOf(delivery.error);
    const told = await textOf(`/v1/deliveries/${delivery.id}`);
    expect(told).toContain(`"error":${bytes}`);
    expect(told).toContain(`"problem":${bytes}`);
  });
});
