import { describe, expect, it } from 'vitest';
import { runTogether } from '../../../src/temporal/worker.ts';

/** A worker that ends as it is told to. */
function createFakeWorker() {
  let finish: () => void = () => undefined;
  let reject: (error: Error) => void = () => undefined;
  const ended = new Promise<void>((resolve, refuse) => {
    finish = resolve;
    reject = refuse;
  });
  let state: 'RUNNING' | 'DRAINING' | 'FAILED' = 'RUNNING';
  return {
    run: () => ended,
    getState: () => state,
    shutdown(): void {
      state = 'DRAINING';
    },
    finish,
    fail(error: Error): void {
      state = 'FAILED';
      reject(error);
    },
  };
}

/** Whether a promise has settled by now. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  const note = (): void => {
    settled = true;
  };
  promise.then(note, note);
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
  return settled;
}

// One worker's failure ended the process while the two others were still in their sends, which were then in doubt.
describe('workers of one process', () => {
  it('all drain before the failure of one is told', async () => {
    const [main, send, relay] = [createFakeWorker(), createFakeWorker(), createFakeWorker()];
    const group = runTogether([main, send, relay]);
    group.done.catch(() => undefined);
    main.fail(new Error('poll failed'));
    expect(await isSettled(group.done)).toBe(false);
    expect([send.getState(), relay.getState(), group.isRunning()]).toEqual(['DRAINING', 'DRAINING', false]);
    relay.finish();
    expect(await isSettled(group.done)).toBe(false);
    send.finish();
    await expect(group.done).rejects.toThrow('poll failed');
  });

  it('end together without a failure', async () => {
    const [main, send] = [createFakeWorker(), createFakeWorker()];
    const group = runTogether([main, send]);
    group.shutDown();
    main.finish();
    send.finish();
    await expect(group.done).resolves.toBeUndefined();
  });
});
