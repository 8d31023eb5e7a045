import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { aNumber, type Caller } from '../support/caller.ts';
import { poll } from '../support/poll.ts';
import { openProduct, type Product, type ProductChannel, type RunningProcess } from '../support/product-fixture.ts';
import { openRunBook, type RunBook } from '../support/run-book.ts';

const longMs = 600_000;
const sent = ['accepted', 'sent', 'delivered', 'read'];

let place: Product;
let tenant: Caller;
let channel: ProductChannel;
let api: RunningProcess;
let runBook: RunBook;
const workers = new Map<string, RunningProcess>();

beforeAll(async () => {
  place = await openProduct();
  api = await place.startApi();
  tenant = await place.makeTenant();
  channel = await place.makeChannel(tenant, { retryInitialMs: longMs, retryMaxMs: longMs });
  runBook = await openRunBook('Releasing versions of the worker', {
    address: inject('temporalAddress'),
    namespace: place.temporal.namespace,
  });
});
afterAll(() => place.close());

/** Starts a worker of a version, and waits until Temporal knows all three queues of it. */
async function startVersion(build: string): Promise<void> {
  workers.set(build, await place.startWorker({ WAYPOST_BUILD_ID: build }));
  await poll({
    what: `the deployment has version ${build}`,
    look: () => runBook.run('deployment describe --name').catch(() => ''),
    isDone: (text) => text.includes(build),
    timeoutMs: 30_000,
  });
  await poll({
    what: `version ${build} serves the queues`,
    look: () => runBook.run('describe-version', { OLD: build }).catch(() => ''),
    isDone: (text) => ['waypost-send', 'waypost-relay', 'workflow'].every((name) => text.includes(name)),
    timeoutMs: 30_000,
  });
}

const makeCurrent = (build: string) =>
  runBook.run('set-current-version --deployment-name waypost --build-id', { BUILD: build });

/** By which version the workflow of a job ended its latest task, and whether it stays there. */
async function versionOf(jobId: string): Promise<{ build: string | null; behavior: number }> {
  const { raw } = await place.temporal.client.getHandle(jobId).describe();
  const info = raw.workflowExecutionInfo?.versioningInfo;
  return { build: info?.deploymentVersion?.buildId ?? null, behavior: Number(info?.behavior ?? 0) };
}
// Temporal knows it with the end of the task, and the record tells of the attempt before: so it is looked for a while.
/** temporal.api.enums.v1.VersioningBehavior */
const pinned = 1;
const autoUpgrade = 2;

/** The version by which new messages go; `build` is waited for, as a queue follows what was made current a little later. */
function findSender(build: string | null): Promise<string | null> {
  return poll({
    what: `new messages go by ${build}`,
    async look() {
      const { id } = await tenant.send();
      await tenant.follow(id, sent);
      await place.temporal.waitForEnd(id);
      return (await versionOf(id)).build;
    },
    isDone: (seen) => seen === build,
    timeoutMs: 20_000,
  });
}

/** A message that Kernel refuses once; it waits long for its next attempt, until `tryNow`. */
async function sendRefused(): Promise<string> {
  const to = aNumber();
  place.kernel.script(to, [{ answer: { status: 503 } }]);
  const { id } = await tenant.send({ to });
  await tenant.follow(id, ['held']);
  return id;
}
const tryNow = async (id: string, until: readonly string[]) => {
  // Until Temporal has confirmed the wait, the retry is one of a message that is still in its call.
  await poll({
    what: `${id} is tried at once`,
    look: async () => (await tenant.call(`POST /v1/jobs/${id}/retry`)).status,
    isDone: (status) => status === 200,
    timeoutMs: 20_000,
  });
  await tenant.follow(id, until);
  await place.temporal.waitForEnd(id);
};

/** A user's message that the bot refuses once. */
async function receiveRefused(): Promise<string> {
  place.bot.script('message', [{ status: 503 }]);
  const from = aNumber();
  await place.kernel.receive(channel.phoneNumberId, [
    { from, name: 'Ana', wamid: `wamid.${randomUUID()}`, item: { type: 'text', text: { body: 'Hola' } } },
  ]);
  const [inbound] = await tenant.list<{ id: string }>(`/v1/jobs?kind=inbound&to=${encodeURIComponent(from)}`);
  const id = inbound?.id ?? '';
  await tenant.follow(id, ['held']);
  return id;
}

const begun = { message: '', inbound: '' };

// A new release took up at once whatever the old one had begun, and there was no way to give it a part of the work first.
it('a version gets nothing until it is current, and then what waits', async () => {
  await startVersion('1.0.0');
  const { id } = await tenant.send();
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  expect(await tenant.job(id)).toMatchObject({ state: 'queued' });
  const readiness = await fetch(`${api.url}/readyz`);
  expect(await readiness.json()).toMatchObject({ status: 'ok', checks: { workers: 'ok' } });
  await makeCurrent('1.0.0');
  await tenant.follow(id, sent);
  await expect.poll(() => versionOf(id)).toEqual({ build: '1.0.0', behavior: pinned });
  begun.message = await sendRefused();
  begun.inbound = await receiveRefused();
  await expect.poll(() => versionOf(begun.inbound)).toEqual({ build: '1.0.0', behavior: autoUpgrade });
});

it('the next one gets as much of the new work as its ramp says', async () => {
  await startVersion('2.0.0');
  expect(await findSender('1.0.0')).toBe('1.0.0');
  await runBook.run('--percentage', { BUILD: '2.0.0', PERCENT: '100' });
  expect(await findSender('2.0.0')).toBe('2.0.0');
  await runBook.run('--delete', { BUILD: '2.0.0' });
  expect(await findSender('1.0.0')).toBe('1.0.0');
});

it('what the old one began ends there, and what hardly ever ends goes on by the current one', async () => {
  await makeCurrent('2.0.0');
  expect(await findSender('2.0.0')).toBe('2.0.0');
  await tryNow(begun.message, sent);
  await expect.poll(() => versionOf(begun.message)).toEqual({ build: '1.0.0', behavior: pinned });
  await tryNow(begun.inbound, ['completed']);
  await expect.poll(() => versionOf(begun.inbound)).toEqual({ build: '2.0.0', behavior: autoUpgrade });
});

it('a roll-back gives new work to the old one, and takes along what the new one had begun', async () => {
  const waiting = await sendRefused();
  await expect.poll(() => versionOf(waiting)).toMatchObject({ build: '2.0.0' });
  await makeCurrent('1.0.0');
  expect(await findSender('1.0.0')).toBe('1.0.0');
  await workers.get('2.0.0')?.stop();
  await runBook.run('update-options', { OLD: '2.0.0' });
  await tryNow(waiting, sent);
  await expect.poll(() => versionOf(waiting)).toMatchObject({ build: '1.0.0' });
});

it('workers without a build id take over again', async () => {
  await place.startWorker();
  await runBook.run('--unversioned');
  expect(await findSender(null)).toBe(null);
});

it('an old version is deleted once none of its workers polls', async () => {
  const seen = await poll({
    what: 'the version goes',
    look: () =>
      runBook.run('delete-version', { OLD: '2.0.0' }).then(
        () => 'deleted',
        (error: unknown) => String(error),
      ),
    // Temporal looks only every few minutes whether something of it still runs.
    isDone: (answer) => answer === 'deleted' || answer.includes('draining'),
    timeoutMs: 60_000,
  });
  expect(seen).toMatch(/deleted|draining/);
});

it('every command of the run-book was run', () => {
  expect([...runBook.ran].toSorted()).toEqual(runBook.commands.toSorted());
});
