import { randomBytes } from 'node:crypto';
import { Pool } from 'undici';
import type { BenchProcess } from './bench-process.ts';
import { readClockMs } from './clock.ts';
import type { Delivery } from './driver.ts';
import type { FloorOrder, FloorWord } from './floor.ts';
import type { SinkOrder, SinkWord } from './sink.ts';
import type { BenchTenant } from './tenant.ts';

const deliveryTimeoutMs = 30_000;
const connectionCount = 128;
// With the envelope of a text message the body of the send is about 1 KB.
const textChars = 820;

export interface Subject {
  /** One unit of work; rejects when it was refused or has not ended within 30 s. */
  readonly deliver: () => Promise<Delivery>;
  stop(): Promise<void>;
}

/** W0: the client asks for an empty workflow and waits for its result. */
export function createFloorSubject(floor: BenchProcess<FloorOrder, FloorWord>): Subject {
  const runId = randomBytes(4).toString('hex');
  const endings = createEndings<{ atMs: number; error: string | null }>();
  let count = 0;
  floor.onWord((word) => {
    if (word.kind === 'done') endings.tell(word.id, word);
  });
  return {
    async deliver() {
      const id = `bench-floor-${runId}-${(count += 1)}`;
      floor.order({ kind: 'run', id });
      const { atMs, error } = await endings.wait(id);
      if (error !== null) throw new Error(`an empty workflow failed: ${error}`);
      return { id, acceptedMs: null, doneMs: atMs };
    },
    stop: async () => {},
  };
}

/** A message accepted over HTTP; its end is the 200 to the sink's callback, at which its final row is committed. */
export function createWaypostSubject(
  apiUrl: string,
  tenant: BenchTenant,
  sink: BenchProcess<SinkOrder, SinkWord>,
): Subject & { readonly accepted: () => number } {
  const pool = new Pool(apiUrl, { connections: connectionCount, pipelining: 1 });
  const endings = createEndings<number>();
  const headers = { authorization: `Bearer ${tenant.apiKey}`, 'content-type': 'application/json' };
  const activity = { type: 'message', locale: 'es', text: 'Tu pedido va de camino. '.repeat(40).slice(0, textChars) };
  let count = 0;
  let accepted = 0;
  sink.onWord((word) => {
    if (word.kind === 'delivered') endings.tell(word.jobId, word.atMs);
  });
  return {
    async deliver() {
      const to = `+346${String((count += 1)).padStart(8, '0')}`;
      const body = JSON.stringify({ channelId: tenant.channelId, to, activity });
      const answer = await pool.request({ method: 'POST', path: '/v1/messages', headers, body });
      const text = await answer.body.text();
      const acceptedMs = readClockMs();
      if (answer.statusCode !== 202) throw new Error(`a message was answered with ${answer.statusCode}: ${text}`);
      accepted += 1;
      const { id } = JSON.parse(text) as { id: string }; // cast: the API's contract
      return { id, acceptedMs, doneMs: await endings.wait(id) };
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
    async wait(id: string): Promise<Ending> {
      const early = told.get(id);
      told.delete(id);
      if (early !== undefined) return early;
      let timer: NodeJS.Timeout | undefined;
      try {
        return await new Promise((resolve, reject) => {
          waiting.set(id, resolve);
          timer = setTimeout(
            () => reject(new Error(`no end within ${deliveryTimeoutMs / 1_000} s`)),
            deliveryTimeoutMs,
          );
        });
      } finally {
        clearTimeout(timer);
        waiting.delete(id);
      }
    },
  };
}
