/** A process of its own: an integrator that takes every error callback, and a push service that answers after 10 ms. */
import { createServer } from 'node:http';
import { readClockMs } from '../clock.ts';

export const pushDelayMs = 10;

export type UpstreamsOrder = { readonly kind: 'reset' } | { readonly kind: 'count' };

export interface UpstreamCounts {
  readonly calls: number;
  /** Different users or devices among them. */
  readonly reached: number;
  /** From the first call to the last answer; 0 without calls. */
  readonly spentMs: number;
  /** The most that were under way together. */
  readonly mostAtOnce: number;
}

export type UpstreamsWord =
  | { readonly kind: 'listening'; readonly port: number }
  | { readonly kind: 'reset' }
  | { readonly kind: 'counts'; readonly counts: UpstreamCounts };

interface CallbackBody {
  readonly receivers: readonly { readonly merchantId: string; readonly userIds: readonly string[] }[];
}

const tell = (word: UpstreamsWord) => process.send?.(word);

let reached = new Set<string>();
let state = { calls: 0, underWay: 0, mostAtOnce: 0, firstMs: 0, lastMs: 0 };

const server = createServer({ keepAliveTimeout: 65_000 }, (incoming, response) => {
  if (state.calls === 0) state.firstMs = readClockMs();
  state.calls += 1;
  state.underWay += 1;
  state.mostAtOnce = Math.max(state.mostAtOnce, state.underWay);
  const answer = (body: string) => {
    response.setHeader('content-type', 'application/json');
    response.end(body);
    state.underWay -= 1;
    state.lastMs = readClockMs();
  };
  const chunks: Buffer[] = [];
  incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
  incoming.on('end', () => {
    const body: unknown = JSON.parse(Buffer.concat(chunks).toString());
    if (incoming.url?.endsWith(':send') === true) {
      const { token } = (body as { message: { token: string } }).message; // cast: our own product
      reached.add(token);
      const name = `projects/bench/messages/${state.calls}`;
      setTimeout(() => answer(JSON.stringify({ name })), pushDelayMs);
      return;
    }
    for (const { merchantId, userIds } of (body as CallbackBody).receivers) {
      for (const userId of userIds) reached.add(`${merchantId} ${userId}`);
    }
    answer('{}');
  });
});

process.on('message', (order: UpstreamsOrder) => {
  if (order.kind === 'reset') {
    reached = new Set();
    state = { ...state, calls: 0, mostAtOnce: 0, firstMs: 0, lastMs: 0 };
    tell({ kind: 'reset' });
    return;
  }
  const { calls, mostAtOnce, firstMs, lastMs } = state;
  tell({ kind: 'counts', counts: { calls, mostAtOnce, reached: reached.size, spentMs: lastMs - firstMs } });
});
// Ctrl-C reaches the whole group; this one ends with its parent, after the product that still calls it.
process.on('SIGINT', () => {});
process.on('disconnect', () => process.exit(0));

server.listen({ port: 0, host: '127.0.0.1' }, () => {
  const address = server.address();
  if (address !== null && typeof address === 'object') tell({ kind: 'listening', port: address.port });
});
