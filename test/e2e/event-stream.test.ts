import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Caller } from '../support/caller.ts';
import { readEventStream } from '../support/event-reader.ts';
import { poll } from '../support/poll.ts';
import { borrowProduct, type Product, type RunningProcess, runSql } from '../support/product-fixture.ts';

let place: Product;
let api: RunningProcess;
let tenant: Caller & { readonly tenantId: string };

beforeAll(async () => {
  place = await borrowProduct();
  [api] = await Promise.all([place.startApi(), place.startWorker()]);
  tenant = await place.makeTenant();
  await place.makeChannel(tenant);
});
afterAll(() => place.close());

const dueSoonMs = 3_000;
const jobOf = ({ data }: { readonly data: string }) => (JSON.parse(data) as { data: { id: string } }).data.id; // our own event
const isAbout = (id: string) => (messages: readonly { readonly data: string }[]) =>
  messages.some((message) => jobOf(message) === id);

async function isAccepted(id: string): Promise<boolean> {
  const sql = `select 1 from event where job_id = '${id}' and type = 'message.accepted'`;
  return (await runSql(place.databaseUrl, sql, tenant.tenantId)).length > 0;
}

describe('the stream of events', () => {
  it.each(['SIGTERM', 'SIGKILL'] as const)(
    'goes on in the api that comes after one that ended by %s, with nothing twice and nothing left out',
    async (signal) => {
      const url = `${place.apiUrl}/v1/events/stream?types=message.accepted`;
      const stream = await readEventStream(url, tenant.key);
      const before = await tenant.send();
      await stream.waitFor(isAbout(before.id));
      // Sent by the worker while no api runs.
      const sendAt = new Date(Date.now() + dueSoonMs).toISOString();
      const meanwhile = await tenant.send({ sendAt });
      process.kill(api.pid, signal);
      await stream.ended;
      await poll({
        what: 'the acceptance without an api',
        look: () => isAccepted(meanwhile.id),
        isDone: (isDone) => isDone,
        timeoutMs: 30_000,
      });
      await api.ended;
      api = await place.startApi();
      const last = stream.messages.at(-1)?.id ?? '';
      const again = await readEventStream(url, tenant.key, { 'last-event-id': last });
      const after = await tenant.send();
      await again.waitFor(isAbout(after.id));
      await again.close();
      expect(stream.messages.map(jobOf)).toEqual([before.id]);
      expect(again.messages.map(jobOf)).toEqual([meanwhile.id, after.id]);
      expect([...stream.messages, ...again.messages].map(({ event }) => event)).toEqual(
        Array.from({ length: 3 }, () => 'message.accepted'),
      );
    },
  );
});
