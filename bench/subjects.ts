import { randomBytes } from 'node:crypto';
import { Pool } from 'undici';
import type { BenchTenant } from './api-client.ts';
import { readClockMs } from './clock.ts';
import type { Delivery } from './driver.ts';
import type { Watched } from './process-usage.ts';
import type { BenchProcess } from './processes.ts';
import type { FloorOrder, FloorWord } from './processes/floor.ts';
import type { Sink } from './sink.ts';

const connectionCount = 128;
// With the envelope of a text message the body of the send is about 1 KB.
const textChars = 820;

export const activity = {
  type: 'message',
  locale: 'es',
  text: 'Tu pedido va de camino. '.repeat(40).slice(0, textChars),
};

/** What is measured: something that does one unit of work at a time, as often as it is asked. */
export interface Subject {
  readonly name: string;
  /** One unit of work; rejects when it was refused or has not ended in time. */
  readonly deliver: () => Promise<Delivery>;
  /** The processes whose CPU is this subject's. */
  readonly watched: Watched;
}

export interface HttpSubject extends Subject {
  /** How many requests were answered with 202 so far. */
  readonly accepted: () => number;
  stop(): Promise<void>;
}

/** W0: the client asks for an empty workflow and waits for its result. */
export function createFloorSubject(floor: BenchProcess<FloorOrder, FloorWord>, watched: Watched): Subject {
  const runId = randomBytes(4).toString('hex');
  const endings = createEndings<{ atMs: number; error: string | null }>();
  let count = 0;
  floor.onWord((word) => {
    if (word.kind === 'done') endings.tell(word.id, word);
  });
  return {
    name: 'empty workflow (W0)',
    watched: { worker: floor.pid, ...watched },
    async deliver() {
      const id = `bench-floor-${runId}-${(count += 1)}`;
      floor.order({ kind: 'run', id });
      const { atMs, error } = await endings.wait(id, 30_000);
      if (error !== null) throw new Error(`an empty workflow failed: ${error}`);
      return { id, acceptedMs: null, doneMs: atMs };
    },
  };
}

export interface HttpSubjectOptions {
  readonly name: string;
  readonly url: string;
  readonly sink: Sink;
  readonly watched: Watched;
  /** Null: a peer, which knows no tenants. */
  readonly tenant: Pick<BenchTenant, 'apiKey' | 'channelId'> | null;
  /** How long an accepted message may take before it counts as failed. */
  readonly timeoutMs?: number;
}

/** A message accepted over HTTP; its end is the 200 to the sink's callback, at which its final row is committed. */
export function createHttpSubject({ timeoutMs = 30_000, ...options }: HttpSubjectOptions): HttpSubject {
  const { name, url, sink, watched, tenant } = options;
  const pool = new Pool(url, { connections: connectionCount, pipelining: 1 });
  const endings = createEndings<number>();
  const headers = {
    'content-type': 'application/json',
    ...(tenant !== null && { authorization: `Bearer ${tenant.apiKey}` }),
  };
  let count = 0;
  let accepted = 0;
  sink.onDelivered((jobId, atMs) => endings.tell(jobId, atMs));
  return {
    name,
    watched,
    async deliver() {
      const to = `+346${String((count += 1)).padStart(8, '0')}`;
      const body = JSON.stringify({ ...(tenant !== null && { channelId: tenant.channelId }), to, activity });
      const answer = await pool.request({ method: 'POST', path: '/v1/messages', headers, body });
      const text = await answer.body.text();
      const acceptedMs = readClockMs();
      if (answer.statusCode !== 202) throw new Error(`a message was answered with ${answer.statusCode}: ${text}`);
      accepted += 1;
      const { id } = JSON.parse(text) as { id: string }; // cast: the API's contract
      return { id, acceptedMs, doneMs: await endings.wait(id, timeoutMs) };
    },
    accepted: () => accepted,
    stop: () => pool.destroy(),
  };
}

/** Brings together who waits for an end and who tells of it, whichever comes first. */
function createEndings<Ending>() {
  const told = new Map<string, Ending>();
  const waiting = new Map<string, (ending: Ending) => void>();
  return {
    tell(id: string, ending: Ending): void {
      const resolve = waiting.get(id);
      if (resolve === undefined) told.set(id, ending);
      else resolve(ending);
    },
    async wait(id: string, timeoutMs: number): Promise<Ending> {
      const early = told.get(id);
      told.delete(id);
      if (early !== undefined) return early;
      let timer: NodeJS.Timeout | undefined;
      try {
        return await new Promise((resolve, reject) => {
          waiting.set(id, resolve);
          timer = setTimeout(() => reject(new Error(`no end within ${timeoutMs / 1_000} s`)), timeoutMs);
        });
      } finally {
        clearTimeout(timer);
        waiting.delete(id);
      }
    },
  };
}
