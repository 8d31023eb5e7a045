import { identityOfName, nameOfIdentity } from '../../domain/identity/identity.ts';
import type { HttpOutcome, NetworkFault } from '../../domain/failure.ts';
import type { ProviderError } from '../../domain/problems/problem.ts';
import type { TokenRefusal } from '../access-tokens/token-answer.ts';
import { excerptResponse } from '../guarded-http/response-excerpt.ts';
import { asRecord, readProviderError, readSubcode } from './provider-error.ts';

/** What an id of the provider's may be: it is stored, searched for and put into paths. */
const readableId = /^[\x21-\x7e]{1,512}$/;

/** What every answer tells, whatever it says. */
interface Answered {
  readonly httpStatus: number;
  readonly durationMs: number;
  readonly responseExcerpt: string | null;
}

/**
 * Everything but a clear yes: `isUnauthorised` = there was no access token, so nothing was sent. `fault` set = no answer was read, `httpStatus` set = an answer was. `unreadableSuccess` = a
 * 2xx from which neither the id nor an error's code can be read: it may have been done. `detail` is one sentence without
 * secrets.
 */
export interface KernelRefused {
  readonly kind: 'refused';
  readonly isUnauthorised?: boolean;
  readonly httpStatus: number | null;
  readonly retryAfterMs: number | null;
  readonly fault: NetworkFault | null;
  readonly provider: ProviderError | null;
  /** Meta's `error_subcode`; null = none. */
  readonly subcode: string | null;
  readonly unreadableSuccess: boolean;
  readonly detail: string;
  readonly durationMs: number;
  readonly responseExcerpt: string | null;
}

/** What Kernel said to a send. */
export type KernelAnswer =
  | (Answered & {
      readonly kind: 'accepted';
      readonly providerMessageId: string;
      /** Ids of the person beside the one that was addressed; absent = none. */
      readonly contactIds?: readonly string[];
    })
  | KernelRefused;

/** What Kernel said to the upload of a file. */
export type UploadAnswer = (Answered & { readonly kind: 'uploaded'; readonly mediaId: string }) | KernelRefused;

/** What Kernel said to a read mark. */
export type MarkAnswer = (Answered & { readonly kind: 'marked' }) | KernelRefused;

/** Reads the outcome of `POST …/messages`; copes with any body. The secrets are kept out of everything it returns. */
export function readKernelAnswer(outcome: HttpOutcome, secrets: readonly string[]): KernelAnswer {
  const answer = readAnswer(outcome, secrets, { readId: readMessageId, missing: 'a message id' });
  if (answer.kind === 'refused') return answer;
  const { id, body, ...rest } = answer;
  const contactIds = readContactIds(body);
  return { ...rest, kind: 'accepted', providerMessageId: id, ...(contactIds.length > 1 && { contactIds }) };
}

/** The same for `POST …/media`. */
export function readUploadAnswer(outcome: HttpOutcome, secrets: readonly string[]): UploadAnswer {
  const answer = readAnswer(outcome, secrets, {
    readId: (body) => asId(asRecord(body)?.['id']),
    missing: 'a media id',
  });
  if (answer.kind === 'refused') return answer;
  const { id, body: _body, ...rest } = answer;
  return { ...rest, kind: 'uploaded', mediaId: id };
}

/** The same for a read mark, which is answered with `{"success":true}`. */
export function readMarkAnswer(outcome: HttpOutcome, secrets: readonly string[]): MarkAnswer {
  const answer = readAnswer(outcome, secrets, {
    readId: (body) => (asRecord(body)?.['success'] === true ? 'success' : null),
    missing: 'its success',
  });
  if (answer.kind === 'refused') return answer;
  const { id: _id, body: _body, ...rest } = answer;
  return { ...rest, kind: 'marked' };
}

/** The token endpoint's word where Kernel was not asked. */
export function refuseUnauthorised(refusal: TokenRefusal): KernelRefused {
  return { ...refusal, kind: 'refused', isUnauthorised: true, subcode: null, unreadableSuccess: false };
}

interface Wanted {
  readonly readId: (body: unknown) => string | null;
  /** What a 2xx without it lacks, in words. */
  readonly missing: string;
}

function readAnswer(
  outcome: HttpOutcome,
  secrets: readonly string[],
  { readId, missing }: Wanted,
): (Answered & { readonly kind: 'done'; readonly id: string; readonly body: unknown }) | KernelRefused {
  const { durationMs } = outcome;
  if (!outcome.answered) {
    const { fault, detail } = outcome;
    const unanswered = { httpStatus: null, retryAfterMs: null, provider: null, subcode: null, responseExcerpt: null };
    return { kind: 'refused', ...unanswered, fault, unreadableSuccess: false, detail, durationMs };
  }
  const { status, retryAfterMs } = outcome;
  const answer = parseJson(outcome.body);
  const responseExcerpt = excerptResponse(outcome.body, secrets);
  const isSuccess = status >= 200 && status < 300;
  const id = isSuccess ? readId(answer) : null;
  if (id !== null) return { kind: 'done', id, body: answer, httpStatus: status, durationMs, responseExcerpt };
  const provider = readProviderError(answer, status, secrets);
  return {
    kind: 'refused',
    httpStatus: status,
    retryAfterMs,
    fault: null,
    provider,
    subcode: readSubcode(answer),
    unreadableSuccess: isSuccess && (provider === null || provider.code === null),
    detail: describeRefusal(status, provider, missing),
    durationMs,
    responseExcerpt,
  };
}

function describeRefusal(status: number, provider: ProviderError | null, missing: string): string {
  if (provider === null) {
    const lack = status >= 200 && status < 300 ? missing : 'a readable error';
    return `Kernel answered HTTP ${status} without ${lack}.`;
  }
  const code = provider.code === null ? '' : ` with code ${provider.code}`;
  const words = [provider.title, provider.details].filter((each) => each !== null).join(' ');
  return `Kernel answered HTTP ${status}${code}${words === '' ? '.' : `: ${words}`}`;
}

function readMessageId(answer: unknown): string | null {
  const messages = asRecord(answer)?.['messages'];
  return asId(Array.isArray(messages) ? asRecord(messages[0])?.['id'] : null);
}

/**
 * Under which ids the provider knows whom we have addressed: numbers in E.164, user ids as they are. `wa_id` may differ from
 * `input`, as in Brazil, Mexico and Argentina.
 */
function readContactIds(answer: unknown): string[] {
  const contacts = asRecord(answer)?.['contacts'];
  const contact = Array.isArray(contacts) ? asRecord(contacts[0]) : null;
  const ids = ['input', 'wa_id', 'user_id'].map((name) => {
    const value = contact?.[name];
    return typeof value === 'string' ? identityOfName(nameOfIdentity(value)) : null;
  });
  return [...new Set(ids.filter((id) => id !== null))];
}

function asId(id: unknown): string | null {
  return typeof id === 'string' && readableId.test(id) ? id : null;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown; // JSON.parse says any
  } catch {
    return null; // no JSON is no answer that could be read; the excerpt keeps the words
  }
}
