import type { HttpOutcome, NetworkFault } from '../../domain/failure.ts';
import type { ProviderError } from '../../domain/problems/problem.ts';
import { isJsonObject } from '../../domain/rendering/payload.ts';
import { excerptResponse, redactSecrets } from '../guarded-http/response-excerpt.ts';
import type { TokenAnswer } from './token-keeper.ts';

const usualLifeSeconds = 3_600;
const longestLifeSeconds = 365 * 24 * 60 * 60;
const maxWordChars = 500;

/** Why there is no access token; `detail` is one sentence without secrets. */
export interface TokenRefusal {
  readonly httpStatus: number | null;
  readonly retryAfterMs: number | null;
  readonly fault: NetworkFault | null;
  /** Its code is OAuth's own word (RFC 6749 §5.2); null = there was none. */
  readonly provider: ProviderError | null;
  readonly detail: string;
  readonly durationMs: number;
  readonly responseExcerpt: string | null;
}

/** Reads the answer of a token endpoint (RFC 6749 §5); copes with any body. The secrets are kept out of what it returns. */
export function readTokenAnswer(
  outcome: HttpOutcome,
  { providerName, secrets }: { readonly providerName: string; readonly secrets: readonly string[] },
): TokenAnswer<TokenRefusal> {
  const { durationMs } = outcome;
  if (!outcome.answered) {
    const { fault, detail } = outcome;
    const unanswered = { httpStatus: null, retryAfterMs: null, provider: null, responseExcerpt: null };
    return { ok: false, refusal: { ...unanswered, fault, detail, durationMs } };
  }
  const { status, retryAfterMs } = outcome;
  const answer = parseObject(outcome.body);
  const accessToken = answer?.['access_token'];
  if (status === 200 && typeof accessToken === 'string' && /^[\x21-\x7e]{1,8192}$/.test(accessToken)) {
    return { ok: true, accessToken, lifeMs: readLifeSeconds(answer?.['expires_in']) * 1_000 };
  }
  const word = (value: unknown) =>
    typeof value === 'string' && value.trim() !== '' ? redactSecrets(value, secrets).slice(0, maxWordChars) : null;
  const [code, title] = [word(answer?.['error']), word(answer?.['error_description'])];
  const provider =
    code === null ? null : { name: providerName, code, title, details: null, traceId: null, httpStatus: status };
  return {
    ok: false,
    refusal: {
      httpStatus: status,
      retryAfterMs,
      fault: null,
      provider,
      detail: describe(status, provider),
      durationMs,
      // A success without a token may hold anything, also half of one.
      responseExcerpt: status >= 400 ? excerptResponse(outcome.body, secrets) : null,
    },
  };
}

function describe(status: number, provider: ProviderError | null): string {
  if (provider === null) return `The token endpoint answered HTTP ${status} without a readable answer.`;
  const words = provider.title === null ? '.' : `: ${provider.title}`;
  return `The token endpoint answered HTTP ${status} with code ${provider.code}${words}`;
}

/** Some send it as a text, some not at all. */
function readLifeSeconds(value: unknown): number {
  const seconds = typeof value === 'number' || typeof value === 'string' ? Number(value) : Number.NaN;
  return seconds > 0 ? Math.min(seconds, longestLifeSeconds) : usualLifeSeconds;
}

function parseObject(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value = JSON.parse(text) as unknown; // JSON.parse says any
    return isJsonObject(value) ? value : null;
  } catch {
    return null; // no JSON says as little as no body
  }
}
