import type { Job } from '../../src/domain/job.ts';
import { createControlJob } from '../../src/usecases/control-job.ts';
import { accessToken, openPushFixture } from './push-fixture.ts';

/** The fixture of pushes, whose upstreams have names that are looked up as slowly as a test wants before they are connected to. */
export async function openLateFixture() {
  let lookUp: () => Promise<unknown> = async () => undefined;
  let lookUps = 0;
  const bench = await openPushFixture({ accessToken }, accessToken, {
    async resolveName() {
      lookUps += 1;
      await lookUp();
      return { addresses: ['127.0.0.1'], ttlMs: 0 };
    },
  });
  const named = (url: string, name: string) => url.replace('127.0.0.1', `${name}.test`);
  // Nobody is woken: the tests run the workflow's steps themselves.
  const dependencies = {
    ...bench.stores,
    starter: { wakeSoon: () => true },
    isPaused: async () => false,
    clock: () => bench.now(),
  };
  const control = createControlJob(dependencies);
  return Object.assign(bench, {
    named,
    lookUps: () => lookUps,
    /** How long each look-up takes from now on. */
    delayLookUps(next: () => Promise<unknown>): void {
      lookUp = next;
      lookUps = 0;
    },
    /** Holds every look-up until it is called. */
    holdLookUps(): () => void {
      let release: () => void = () => undefined;
      const held = new Promise<void>((resolve) => (release = resolve));
      lookUp = () => held;
      lookUps = 0;
      return release;
    },
    /** Pushes go to a host of this name: one that is new has no connection that is open already. */
    useHost: (name: string) =>
      bench.tx((tx) => {
        const settings = { projectId: 'shop', apiBaseUrl: named(bench.push.url, name) };
        const channel = { id: bench.channelId, tenantId: bench.tenantId, name: 'Push', settings };
        return bench.stores.channels.update(tx, { ...channel, secrets: { accessToken }, now: bench.now() });
      }),
    async open(userIds: readonly string[]): Promise<Job> {
      const job = await bench.notify(userIds);
      await bench.activities.openBatch({ tenantId: bench.tenantId, jobId: job.id });
      return job;
    },
    processPage: (job: Job) =>
      bench.activities.processPage({ tenantId: bench.tenantId, jobId: job.id, fromOrdinal: 0, size: 1_000 }),
    closeBatch: (job: Job) => bench.activities.closeBatch({ tenantId: bench.tenantId, jobId: job.id }),
    /** The API's cancel, with the time of its answer. */
    async cancel(job: Job) {
      const { result } = await control.cancel(bench.tenantId, job.id);
      return { result, answeredMs: Date.now() };
    },
  });
}

export type LateFixture = Awaited<ReturnType<typeof openLateFixture>>;
