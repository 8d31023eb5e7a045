import type { Failure, NetworkFault } from '../failure.ts';
import { errorTable } from '../problems/error-table.ts';
import type { ErrorClass, ProviderError } from '../problems/problem.ts';

/** A token endpoint's answer that brought no access token: Kernel was not called. */
export interface TokenRefused {
  readonly httpStatus: number | null;
  readonly retryAfterMs: number | null;
  readonly fault: NetworkFault | null;
  /** Its code is OAuth's own word (RFC 6749 §5.2). */
  readonly provider: ProviderError | null;
  readonly detail: string;
}

/** Words of OAuth that blame the endpoint, whatever the HTTP status. */
const endpointWords: ReadonlySet<string | null> = new Set(['server_error', 'temporarily_unavailable', 'slow_down']);
const classByHttpStatus: ReadonlyMap<string, ErrorClass> = new Map(Object.entries(errorTable.byHttpStatus));

/**
 * `configuration`: it does not take the channel's credentials, or may not be called. `transient`: it is away or asks for
 * time, and nothing was sent that could be in doubt.
 */
export function classifyToken({ httpStatus, fault, provider }: TokenRefused): 'configuration' | 'transient' {
  if (httpStatus === null) return fault === 'url_not_allowed' ? 'configuration' : 'transient';
  if (endpointWords.has(provider?.code ?? null)) return 'transient';
  const errorClass =
    classByHttpStatus.get(String(httpStatus)) ?? classByHttpStatus.get(`${Math.floor(httpStatus / 100)}xx`);
  return errorClass === 'permanent' || errorClass === 'configuration' ? 'configuration' : 'transient';
}

/** A message that waits for an access token, as a failure. Codes: `token_refused`, `token_endpoint_unavailable`, `url_not_allowed`. */
export function tokenFailure(refused: TokenRefused): Failure {
  const errorClass = classifyToken(refused);
  return {
    code: codeOf(errorClass, refused.fault),
    source: 'kernel',
    class: errorClass,
    // Without a token nothing of the number goes out.
    scope: 'number',
    userCanBeTold: false,
    maxRetries: null,
    retryAfterMs: refused.retryAfterMs,
    httpStatus: refused.httpStatus,
    detail: refused.detail,
    provider: refused.provider,
    errors: [],
  };
}

function codeOf(errorClass: ErrorClass, fault: NetworkFault | null): string {
  if (fault === 'url_not_allowed') return fault;
  return errorClass === 'configuration' ? 'token_refused' : 'token_endpoint_unavailable';
}
