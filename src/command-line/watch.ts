import { setTimeout as sleep } from 'node:timers/promises';
import type { Job } from '../client/index.ts';
import { describeExplanation } from './render.ts';
import type { Session } from './session.ts';
import { UsageError } from './verb.ts';

const lookEveryMs = 1_000;
const arrived: readonly string[] = ['accepted', 'sent', 'delivered', 'read', 'completed', 'skipped'];

/** Prints a job at each change until it ends; says whether it arrived. One that fails is explained. */
export async function watchJob(
  { client, show, isJson, terminal }: Session,
  options: { readonly id: string; readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<boolean> {
  const { id, timeoutMs, signal } = options;
  const path = { params: { path: { id } }, signal };
  const until = performance.now() + timeoutMs;
  let shown = '';
  for (;;) {
    const job = await client.get('/v1/jobs/{id}', path);
    const line = describeState(job);
    if (line !== shown) {
      shown = line;
      if (isJson) terminal.out(`${JSON.stringify(job)}\n`);
      else show(job, line);
    }
    if (job.terminal) {
      const isArrived = arrived.includes(job.state);
      if (!isArrived && !isJson)
        terminal.err(`${describeExplanation(await client.get('/v1/jobs/{id}/explain', path))}\n`);
      return isArrived;
    }
    if (performance.now() >= until) throw new UsageError(`The job goes on; it was watched for ${timeoutMs / 1_000} s.`);
    await sleep(lookEveryMs, undefined, { signal });
  }
}

function describeState({ updatedAt, state, attempts, waitingFor, error }: Job): string {
  const wait =
    waitingFor === null
      ? ''
      : `, waits for ${waitingFor.reason}${waitingFor.detail === null ? '' : `: ${waitingFor.detail}`}`;
  const reason = error === null ? '' : `, ${error.code}: ${error.title}`;
  return `${updatedAt} ${state}, ${attempts} attempts${wait}${reason}`;
}
