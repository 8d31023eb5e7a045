import { type HttpOutcome, isUnsent } from '../../domain/failure.ts';
import { appendPath } from '../guarded-http/append-path.ts';
import type { GuardedHttp } from '../guarded-http/guarded-http.ts';
import { type MerchantUser, readMerchantUsers } from './merchant-users.ts';

const maxAnswerBytes = 8 * 1024 * 1024;

/**
 * What the directory said about one merchant. `known` with nobody in it = nobody is active; `dropped` = items that could
 * not be read. `failed`: `detail` is a sentence without secrets, and `isTransient` = asking again may help, no earlier than
 * `retryAfterMs` from now; `isUnsent` = it was not asked at all, by a fault of our own.
 */
export type MerchantAnswer =
  | {
      readonly kind: 'known';
      readonly users: readonly MerchantUser[];
      readonly dropped: number;
      readonly bytes: number;
    }
  | {
      readonly kind: 'failed';
      readonly detail: string;
      readonly isTransient: boolean;
      readonly isUnsent: boolean;
      readonly retryAfterMs: number | null;
    };

export interface DirectoryClient {
  /** Asks once who is active at a merchant: `GET {url}/merchants/{merchantId}/active-users`. A read: asking twice is safe. */
  listActiveUsers(asked: {
    readonly tenantId: string;
    readonly url: string;
    readonly apiKey: string | null;
    readonly merchantId: string;
  }): Promise<MerchantAnswer>;
}

export function createDirectoryClient(dependencies: {
  readonly http: Pick<GuardedHttp, 'request'>;
  readonly timeoutMs?: number;
}): DirectoryClient {
  const { http, timeoutMs = 10_000 } = dependencies;
  return {
    async listActiveUsers({ tenantId, url, apiKey, merchantId }) {
      // A URL drops dot segments however they are encoded: these would name another resource.
      if (merchantId === '.' || merchantId === '..') return { kind: 'known', users: [], dropped: 0, bytes: 0 };
      const outcome = await http.request({
        owner: { tenantId, destination: 'directory' },
        method: 'GET',
        url: appendPath(url, 'merchants', merchantId, 'active-users'),
        headers: { accept: 'application/json', ...(apiKey === null ? {} : { 'x-api-key': apiKey }) },
        body: null,
        timeoutMs,
        maxBodyBytes: maxAnswerBytes,
      });
      return readOutcome(outcome);
    },
  };
}

function readOutcome(outcome: HttpOutcome): MerchantAnswer {
  if (!outcome.answered) {
    const isTransient = outcome.fault !== 'url_not_allowed';
    const detail = `The directory: ${outcome.detail}`;
    return { kind: 'failed', detail, isTransient, isUnsent: isUnsent(outcome), retryAfterMs: null };
  }
  const { status, retryAfterMs, body, cutShort } = outcome;
  if (status === 404) return { kind: 'known', users: [], dropped: 0, bytes: 0 };
  if (status < 200 || status > 299) {
    const isTransient = status === 408 || status === 429 || status >= 500;
    const detail = `The directory answered with HTTP status ${status}.`;
    return { kind: 'failed', detail, isTransient, isUnsent: false, retryAfterMs };
  }
  const read = readMerchantUsers(body);
  if (read !== null) return { kind: 'known', ...read, bytes: body.length };
  return {
    kind: 'failed',
    detail:
      cutShort === 'broken' ? "The directory's answer broke off." : "The directory's answer holds no list of users.",
    isTransient: cutShort === 'broken',
    isUnsent: false,
    retryAfterMs: null,
  };
}
