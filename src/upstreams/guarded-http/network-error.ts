import type { NetworkFault } from '../../domain/failure.ts';

/** A fault met before a request was written to any connection, with a sentence that holds nothing secret. */
export class NetworkError extends Error {
  readonly fault: NetworkFault;

  constructor(fault: NetworkFault, detail: string) {
    super(detail);
    this.name = 'NetworkError';
    this.fault = fault;
  }
}

/** The error's code (`ECONNRESET`, `UND_ERR_…`, `CERT_…`), or its name where it has none. */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}
