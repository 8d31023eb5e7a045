/** What one api process takes on at once. */
export interface RequestLimits {
  /** Calls with a key that are being answered, the reading of their bodies included. */
  readonly keyedRequests: number;
  /** The same for callbacks of WhatsApp and the bots, who have no key: neither kind can take the places of the other. */
  readonly callbackRequests: number;
  /** Of those, calls of one tenant, with a key or for its channels; more would only fill the queue for the database. */
  readonly tenantRequests: number;
  /** Of those, calls for one channel without a key. */
  readonly channelRequests: number;
  /**
   * Bytes of bodies that have arrived and are not answered yet, of calls with a key; one tenant may hold half. A parsed body
   * takes several times its size.
   */
  readonly keyedBodyBytes: number;
  /** The same for callbacks; one tenant may hold half. */
  readonly callbackBodyBytes: number;
  /** Callers that wait for a connection to Postgres; who comes last must not wait 5 s, which is the pool's own bound. */
  readonly databaseQueue: number;
  /** From a connection's first byte to the end of a request's header. */
  readonly headerMs: number;
  /** From the end of a request's header to the end of its body. */
  readonly bodyMs: number;
  /** Until then a body must have come on by `bodyBytesPerSecond`, on average, each time anew. */
  readonly bodyPaceMs: number;
  readonly bodyBytesPerSecond: number;
  /** Open connections, idle ones included; one more is closed at once. */
  readonly connections: number;
}

export const requestLimits: RequestLimits = {
  keyedRequests: 1_000,
  callbackRequests: 500,
  tenantRequests: 250,
  channelRequests: 100,
  keyedBodyBytes: 64 * 1024 * 1024,
  callbackBodyBytes: 32 * 1024 * 1024,
  databaseQueue: 500,
  headerMs: 15_000,
  bodyMs: 60_000,
  bodyPaceMs: 10_000,
  bodyBytesPerSecond: 1_024,
  connections: 4_096,
};
