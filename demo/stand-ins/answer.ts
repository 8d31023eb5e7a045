import type { ServerResponse } from 'node:http';
import { z } from 'zod';
import type { Pauses } from './pauses.ts';

const faults = [
  /** The connection is reset and nothing of the request counts as received. */
  'reset_before_body',
  /** The connection is reset once the whole request is there. */
  'reset_after_body',
  /** No answer, ever. */
  'hang',
  /** The answer comes one byte at a time, `dripMs` apart. */
  'slow_drip',
  /** The head of the answer, and then nothing. */
  'headers_only',
  /** The head and half of the body, then a reset. */
  'cut_body',
] as const;

/** One answer as a script tells it. `body` is sent as JSON; `status` is 200 when absent; `fault` spoils the answer. */
export const answerSchema = z.strictObject({
  status: z.int().min(200).max(599).optional(),
  headers: z.record(z.string(), z.string()).optional(),
  body: z.json().optional(),
  delayMs: z.int().min(0).max(600_000).optional(),
  fault: z.enum(faults).optional(),
  dripMs: z.int().min(1).max(60_000).optional(),
  times: z.int().min(1).max(1_000_000_000).optional(),
});
export type Answer = z.infer<typeof answerSchema>;

const defaultDripMs = 100;

/** Gives the answer, or its fault; `body` serves where the answer has none of its own. Resolves when it is over. */
export async function giveAnswer(
  response: ServerResponse,
  answer: Answer,
  { pauses, body }: { pauses: Pauses; body: unknown },
): Promise<void> {
  if (answer.delayMs !== undefined && !(await pauses.wait(answer.delayMs))) return;
  if (answer.fault === 'hang') return;
  if (answer.fault === 'reset_before_body' || answer.fault === 'reset_after_body') return reset(response);
  const bytes = Buffer.from(JSON.stringify(answer.body ?? body ?? {}));
  response.writeHead(answer.status ?? 200, {
    'content-type': 'application/json',
    'content-length': bytes.length,
    ...answer.headers,
  });
  if (answer.fault === undefined) return void response.end(bytes);
  response.flushHeaders();
  if (answer.fault === 'cut_body') {
    response.write(bytes.subarray(0, Math.ceil(bytes.length / 2)), () => reset(response));
  }
  if (answer.fault === 'slow_drip') await drip(response, bytes, pauses, answer.dripMs ?? defaultDripMs);
}

async function drip(response: ServerResponse, bytes: Buffer, pauses: Pauses, dripMs: number): Promise<void> {
  for (let at = 0; at < bytes.length; at++) {
    if (!(await pauses.wait(dripMs)) || response.destroyed) return;
    response.write(bytes.subarray(at, at + 1));
  }
  response.end();
}

function reset(response: ServerResponse): void {
  response.socket?.resetAndDestroy();
}
