/** What one api process takes on at once. */
export interface RequestLimits {
  /** Calls with a key that are being answered, the reading of their bodies included. */
  readonly keyedRequests: number;
  /** The same for callbacks of WhatsApp and the bots, who have no key: neither kind can take the places of the other. */
  readonly callbackRequests: number;
  /** Bytes of the bodies of all of them. A parsed body takes several times its size. */
  readonly bodyBytes: number;
  /** Callers that wait for a connection to Postgres; who comes last must not wait 5 s, which is the pool's own bound. */
  readonly databaseQueue: number;
  /** From a connection's first byte to the end of a request's header. */
  readonly headerMs: number;
  /** From the end of a request's header to the end of its body. */
  readonly bodyMs: number;
  /** Open connections, idle ones included; one more is closed at once. */
  readonly connections: number;
}

export const requestLimits: RequestLimits = {
  keyedRequests: 1_000,
  callbackRequests: 500,
  bodyBytes: 64 * 1024 * 1024,
  databaseQueue: 500,
  headerMs: 15_000,
  bodyMs: 60_000,
  connections: 4_096,
};
