// One stream of events for the whole console. Read by `fetch`: an EventSource cannot send the header that the session needs.
import { readServerSentEvents } from '../src/client/server-sent-events.ts';
import { request } from './call.ts';

const longestWaitMs = 30_000;
const maxMessageChars = 1_000_000;
const listeners = new Set<(type: string, data: { readonly id?: string }) => void>();
let current: AbortController | null = null;

/** Calls back on each event until the returned function is called. */
export function onEvents(listener: (type: string, data: { readonly id?: string }) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Follows the stream of events until `stopLive`; after a break it goes on where it was. */
export function startLive(): void {
  stopLive();
  current = new AbortController();
  void follow(current.signal);
}

export function stopLive(): void {
  current?.abort();
  current = null;
}

async function follow(signal: AbortSignal): Promise<void> {
  let lastId = '';
  for (let waitMs = 1_000; !signal.aborted; waitMs = Math.min(waitMs * 2, longestWaitMs)) {
    try {
      const headers = { accept: 'text/event-stream', ...(lastId !== '' && { 'last-event-id': lastId }) };
      const { body } = await request('v1/events/stream', { headers, signal });
      if (body === null) return;
      for await (const { id, data } of readServerSentEvents(body, { maxMessageChars, onBytes: () => undefined })) {
        waitMs = 1_000;
        lastId = id ?? lastId;
        announce(data);
      }
    } catch {
      // Refused or broken off: the lists ask by themselves meanwhile, see `useLoad`.
    }
    await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
}

function announce(json: string | null): void {
  if (json === null) return;
  const event = JSON.parse(json) as { type?: string; data?: { id?: string } };
  for (const listener of listeners) listener(event.type ?? '', event.data ?? {});
}
