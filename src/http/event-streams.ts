import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { apiProblem } from '../domain/problems/refusal.ts';
import type { EventHighWaterMark } from '../store/event-high-water-mark.ts';
import { isApiKeyInForce } from '../store/api-keys.ts';
import { findNewestPosition, listEvents, type StoredEvent } from '../store/events.ts';
import { buildEnvelope } from '../domain/webhook/envelope.ts';
import type { Transactions } from '../store/transactions.ts';
import { writeEventCursor } from './event-cursor.ts';

const streamsPerTenant = 10;
const streamsPerProcess = 200;
const lookEveryMs = 500;
const eventsPerLook = 100;
/** Well below the idle time-outs of proxies, which are a minute as a rule. */
const heartbeatMs = 15_000;
/** No connection lasts for ever: the client comes again with `Last-Event-ID`. */
const streamForMs = 3_600_000;
const reconnectMs = 2_000;

interface StreamRequest {
  readonly tenantId: string;
  /** The key that opened it: when it ends, no event is shown any more, and the stream ends at the next one or heartbeat. Null = the operator's. */
  readonly apiKeyId: string | null;
  readonly after: bigint;
  readonly filter: readonly string[] | null;
  /** The client has gone. */
  readonly signal: AbortSignal;
}

export interface EventStreams {
  /**
   * A tenant's events behind `after` as they come, in the format of server-sent events; the id of each is its cursor. Too
   * many at once: `too_many_requests`.
   */
  open(request: StreamRequest): Readable;
  /** Ends all of them soon, and those that are opened later at once. */
  endAll(): void;
}

export function createEventStreams(dependencies: {
  readonly transactions: Transactions;
  readonly highWaterMark: EventHighWaterMark;
  readonly publicUrl: string;
}): EventStreams {
  const { transactions, highWaterMark, publicUrl } = dependencies;
  const openByTenant = new Map<string, number>();
  let openCount = 0;
  let isEnding = false;

  function count(tenantId: string, change: 1 | -1): void {
    openCount += change;
    const open = (openByTenant.get(tenantId) ?? 0) + change;
    if (open === 0) openByTenant.delete(tenantId);
    else openByTenant.set(tenantId, open);
  }

  async function* follow({ tenantId, apiKeyId, after, filter, signal }: StreamRequest): AsyncGenerator<string> {
    const endMs = Date.now() + streamForMs;
    let position = after;
    let toldAtMs = Date.now();
    // With where it stands: a client that is cut off before the first event misses none of what comes meanwhile.
    yield `id: ${writeEventCursor(position)}\nretry: ${reconnectMs}\n\n`;
    while (!isEnding && !signal.aborted && Date.now() < endMs) {
      const settled = await highWaterMark.read();
      const from = position;
      if (settled > from) {
        const page = await transactions.withTenant(tenantId, async (tx) =>
          apiKeyId === null || (await isApiKeyInForce(tx, apiKeyId))
            ? listEvents(tx, { after: from, settled, filter, limit: eventsPerLook })
            : null,
        );
        if (page === null) return;
        position = page.position;
        if (page.events.length > 0) {
          yield page.events.map((event) => toMessage(event, publicUrl)).join('');
          toldAtMs = Date.now();
        }
        if (position < settled) continue;
      }
      // A restore set the numbers back: the client comes again, and is told that its cursor is none any more.
      if (settled < position && (await transactions.acrossTenants(findNewestPosition)) < position) return;
      if (Date.now() - toldAtMs >= heartbeatMs) {
        const isOver =
          apiKeyId !== null && !(await transactions.withTenant(tenantId, (tx) => isApiKeyInForce(tx, apiKeyId)));
        if (isOver) return;
        yield ': still here\n\n';
        toldAtMs = Date.now();
      }
      // Woken by the client's leaving, which the next look at the signal says too.
      await sleep(lookEveryMs, undefined, { signal }).catch(() => undefined);
    }
  }

  return {
    open(request) {
      const { tenantId } = request;
      if (openCount >= streamsPerProcess || (openByTenant.get(tenantId) ?? 0) >= streamsPerTenant) {
        throw apiProblem('too_many_requests', 'There are too many streams of events at once.', {
          retryAfterSeconds: 5,
        });
      }
      count(tenantId, 1);
      const stream = Readable.from(follow(request));
      // Also where the client leaves before the first line.
      stream.once('close', () => count(tenantId, -1));
      return stream;
    },
    endAll() {
      isEnding = true;
    },
  };
}

function toMessage(event: StoredEvent, publicUrl: string): string {
  const id = writeEventCursor(BigInt(event.sequence));
  // JSON text as it is stored may hold line breaks, which would end the field.
  const data = buildEnvelope(event, publicUrl).replaceAll(/[\r\n]+/g, ' ');
  return `id: ${id}\nevent: ${event.type}\ndata: ${data}\n\n`;
}
