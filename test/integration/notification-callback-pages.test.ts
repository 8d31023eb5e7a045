import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Receiver } from '../../src/domain/notification/request.ts';
import { type NotificationFixture, openNotificationFixture } from '../support/notification-fixture.ts';

let bench: NotificationFixture;
beforeAll(async () => {
  bench = await openNotificationFixture();
  await bench.register('m1', ['known']);
  await bench.register('m2', ['known']);
  await bench.integrate('paged', { errorDelivery: 'per_batch' });
  await bench.integrate('text', { errorDelivery: 'per_batch', errorsAs: 'string' });
});
beforeEach(() => {
  bench.integrator.received.length = 0;
});
afterAll(() => bench.close());

const strangers = (count: number) => Array.from({ length: count }, (_, index) => `stranger-${index}`);
const usersOf = (receivers: readonly Receiver[]) =>
  receivers.flatMap(({ merchantId, userIds }) => userIds.map((userId) => `${merchantId}/${userId}`));

/** Runs a batch to its end; gives what the integrator got, in order, and what of it was listed. */
async function run(receivers: readonly Receiver[], integration = 'paged') {
  const job = await bench.accept(receivers, { integration });
  await bench.run(job);
  const deliveries = await bench.deliveries(job);
  expect(deliveries.map(({ state, attempts }) => [state, attempts.length])).toEqual(
    deliveries.map(() => ['delivered', 1]),
  );
  expect(new Set(bench.integrator.received.map(({ headers }) => headers['webhook-id'])).size).toBe(deliveries.length);
  // The pages may overtake each other; the listed order is that in which they were made.
  const listed = deliveries.map(({ id }) =>
    bench.integrator.received.find(({ headers }) => headers['webhook-id'] === id),
  );
  return { job, pages: listed.flatMap((each) => each?.body ?? []) };
}

describe('the callbacks of a whole batch', () => {
  it('are one page for a thousand errors', async () => {
    const { job, pages } = await run([{ merchantId: 'm1', userIds: [...strangers(1_000), 'known'] }]);
    expect(pages).toHaveLength(1);
    expect(pages[0]?.errors).toHaveLength(1_000);
    expect(pages[0]?.receivers).toEqual([{ merchantId: 'm1', userIds: strangers(1_000) }]);
    expect((await bench.look(job)).state).toBe('completed_with_errors');
  });

  it('are two for one more, each with the receivers of its own errors', async () => {
    const all = strangers(601);
    const { job, pages } = await run([
      { merchantId: 'm1', userIds: ['known', ...all] },
      { merchantId: 'm2', userIds: all.slice(0, 400) },
    ]);
    expect(pages.map(({ errors }) => errors.length)).toEqual([1_000, 1]);
    expect(pages.map(({ requestId }) => requestId)).toEqual([job.id, job.id]);
    const told = pages.map(({ receivers }) => usersOf(receivers));
    expect(told.map((users) => users.length)).toEqual([1_000, 1]);
    const wanted = [...all.map((user) => `m1/${user}`), ...all.slice(0, 400).map((user) => `m2/${user}`)];
    expect(told.flat()).toEqual(wanted);
    // Each error of a page is about one of its receivers, in the same order.
    for (const { errors, receivers } of pages) {
      const described = usersOf(receivers).map((key) => {
        const [merchantId, userId] = key.split('/');
        return `The user ${userId} is not active for merchant ${merchantId}.`;
      });
      expect(errors.map(({ description }) => description)).toEqual(described);
    }
  });

  it('name a merchant that failed as a whole only on the page of its error', async () => {
    const { pages } = await run([
      { merchantId: 'userless', userIds: [] },
      { merchantId: 'm1', userIds: strangers(1_000) },
    ]);
    expect(pages.map(({ errors }) => errors.length)).toEqual([1_000, 1]);
    expect(pages[0]?.receivers[0]).toEqual({ merchantId: 'userless', userIds: [] });
    expect(pages[1]?.receivers).toEqual([{ merchantId: 'm1', userIds: ['stranger-999'] }]);
  });

  it('hold the same list as text where the integration wants that', async () => {
    const receivers = [{ merchantId: 'm1', userIds: strangers(1_001) }];
    const asList = await run(receivers);
    bench.integrator.received.length = 0;
    const asText = await run(receivers, 'text');
    const texts = asText.pages.map(({ errors }): unknown => errors);
    expect(texts.map((text) => typeof text)).toEqual(['string', 'string']);
    const withId = (id: string, value: unknown) => JSON.stringify(value).replaceAll(id, 'ntf');
    expect(texts.map((text) => withId(asText.job.id, JSON.parse(String(text))))).toEqual(
      asList.pages.map(({ errors }) => withId(asList.job.id, errors)),
    );
    expect(asText.pages.map(({ receivers: narrowed }) => narrowed)).toEqual(
      asList.pages.map(({ receivers: narrowed }) => narrowed),
    );
  });
});
