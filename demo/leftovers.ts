import { dirname, join } from 'node:path';
import { readLiveProcess } from '../dev/process-lock.mjs';
import { endLeftoverProduct } from './product.ts';
import { demoDir } from './state.ts';

/**
 * Ends the api and the worker of a demo that was killed: they would hold its ports. Throws when a demo is running, before
 * anything of it is touched.
 */
export async function endLeftovers(): Promise<void> {
  // The lock that the stack of the same name takes.
  const running = readLiveProcess(join(dirname(demoDir), 'demo.lock'));
  if (running !== null) throw new Error(`A demo is already running (process ${running.pid}): stop that one first.`);
  await endLeftoverProduct(demoDir);
}
