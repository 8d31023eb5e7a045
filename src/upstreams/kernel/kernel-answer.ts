import type { HttpOutcome, NetworkFault } from '../../domain/failure.ts';
import type { ProviderError } from '../../domain/problems/problem.ts';
import { excerptResponse } from '../guarded-http/response-excerpt.ts';
import { asRecord, readProviderError } from './provider-error.ts';

const maxMessageIdLength = 512;

/**
 * What Kernel said to a send. `refused` covers everything but a clear yes: `fault` set = no answer was read,
 * `httpStatus` set = an answer was. `unreadableSuccess` = a 2xx from which neither a message id nor an error's code can be
 * read: the message may have gone out. `detail` is one sentence without secrets.
 */
export type KernelAnswer =
  | {
      readonly kind: 'accepted';
      readonly providerMessageId: string;
      readonly httpStatus: number;
      readonly durationMs: number;
      readonly responseExcerpt: string | null;
    }
  | {
      readonly kind: 'refused';
      readonly httpStatus: number | null;
      readonly retryAfterMs: number | null;
      readonly fault: NetworkFault | null;
      readonly provider: ProviderError | null;
      readonly unreadableSuccess: boolean;
      readonly detail: string;
      readonly durationMs: number;
      readonly responseExcerpt: string | null;
    };

/** Reads the outcome of `POST …/messages`; copes with any body. The secrets are kept out of everything it returns. */
export function readKernelAnswer(outcome: HttpOutcome, secrets: readonly string[]): KernelAnswer {
  const { durationMs } = outcome;
  if (!outcome.answered) {
    const { fault, detail } = outcome;
    const unanswered = { httpStatus: null, retryAfterMs: null, provider: null, responseExcerpt: null };
    return { kind: 'refused', ...unanswered, fault, unreadableSuccess: false, detail, durationMs };
  }
  const { status, retryAfterMs } = outcome;
  const answer = parseJson(outcome.body);
  const responseExcerpt = excerptResponse(outcome.body, secrets);
  const isSuccess = status >= 200 && status < 300;
  const providerMessageId = isSuccess ? readMessageId(answer) : null;
  if (providerMessageId !== null) {
    return { kind: 'accepted', providerMessageId, httpStatus: status, durationMs, responseExcerpt };
  }
  const provider = readProviderError(answer, status, secrets);
  return {
    kind: 'refused',
    httpStatus: status,
    retryAfterMs,
    fault: null,
    provider,
    unreadableSuccess: isSuccess && (provider === null || provider.code === null),
    detail: describeRefusal(status, provider),
    durationMs,
    responseExcerpt,
  };
}

function describeRefusal(status: number, provider: ProviderError | null): string {
  if (provider === null) {
    const lack = status >= 200 && status < 300 ? 'a message id' : 'a readable error';
    return `Kernel answered HTTP ${status} without ${lack}.`;
  }
  const code = provider.code === null ? '' : ` with code ${provider.code}`;
  const words = [provider.title, provider.details].filter((each) => each !== null).join(' ');
  return `Kernel answered HTTP ${status}${code}${words === '' ? '.' : `: ${words}`}`;
}

function readMessageId(answer: unknown): string | null {
  const messages = asRecord(answer)?.['messages'];
  const id = Array.isArray(messages) ? asRecord(messages[0])?.['id'] : null;
  return typeof id === 'string' && id !== '' && id.length <= maxMessageIdLength ? id : null;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown; // JSON.parse says any
  } catch {
    return null; // no JSON is no answer that could be read; the excerpt keeps the words
  }
}
