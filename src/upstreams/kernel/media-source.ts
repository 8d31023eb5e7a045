import type { Readable } from 'node:stream';
import type { KernelCredentials } from '../../domain/channel.ts';
import type { MediaDescription, MediaFault } from '../../domain/media.ts';
import { appendPath } from '../guarded-http/append-path.ts';
import type { GuardedHttp } from '../guarded-http/guarded-http.ts';
import type { RequestOwner } from '../guarded-http/origin-pools.ts';
import type { KernelAccess } from './kernel-access.ts';
import { faultOfNetwork, faultOfStatus, faultOfToken, readMediaAnswer, readType } from './media-answer.ts';

/** The largest thing that WhatsApp carries is a document of 100 MB. */
const maxMediaBytes = 100 * 1024 * 1024;
/** For bytes of which nobody says what they are. */
const anyType = 'application/octet-stream';
const headersTimeoutMs = 15_000;
const idleTimeoutMs = 15_000;
const totalTimeoutMs = 5 * 60_000;

export interface MediaRequest {
  readonly owner: RequestOwner;
  readonly apiBaseUrl: string;
  readonly credentials: KernelCredentials;
  readonly mediaId: string;
}

/**
 * The media of users' messages. The channel's token goes to its own apiBaseUrl and to the address that this answer named
 * for the media, and nowhere else: both are judged by the guard as every URL is, and no redirect is followed.
 * Source: https://developers.facebook.com/docs/whatsapp/cloud-api/reference/media
 */
export function createMediaSource(dependencies: {
  readonly http: Pick<GuardedHttp, 'request' | 'download'>;
  readonly access: KernelAccess;
}) {
  const { http, access } = dependencies;

  async function ask({ owner, apiBaseUrl, credentials, mediaId }: MediaRequest) {
    const called = await access.call(owner, credentials, (accessToken) =>
      http.request({
        owner,
        method: 'GET',
        url: appendPath(apiBaseUrl, mediaId),
        headers: { authorization: `Bearer ${accessToken}`, accept: 'application/json' },
        body: null,
        timeoutMs: headersTimeoutMs,
      }),
    );
    if (called.kind === 'refused') return faultOfToken(called.refusal);
    const answer = readMediaAnswer(called.outcome);
    if ('kind' in answer) return answer;
    if ((answer.size ?? 0) > maxMediaBytes) return { kind: 'too_large' } as const;
    return { ...answer, accessToken: called.accessToken };
  }

  return {
    /** What a media is, without its bytes. */
    async describe(request: MediaRequest): Promise<MediaDescription | MediaFault> {
      const answer = await ask(request);
      return 'kind' in answer ? answer : { contentType: answer.type ?? anyType, size: answer.size };
    },

    /**
     * The bytes as they come, which the caller reads or destroys; `signal` aborted = nobody waits for them any more. The
     * stream ends with an error where Kernel breaks off, stands still for 15 s, or sends more than 100 MiB.
     */
    async open(
      request: MediaRequest,
      signal: AbortSignal,
    ): Promise<(MediaDescription & { readonly body: Readable }) | MediaFault> {
      const answer = await ask(request);
      if ('kind' in answer) return answer;
      const outcome = await http.download({
        owner: request.owner,
        url: answer.url,
        headers: { authorization: `Bearer ${answer.accessToken}` },
        headersTimeoutMs,
        idleTimeoutMs,
        totalTimeoutMs,
        maxBytes: maxMediaBytes,
        signal,
      });
      if (!outcome.answered) return faultOfNetwork(outcome.fault, outcome.detail);
      const { status, contentLength: size, body } = outcome;
      if (status >= 200 && status <= 299 && (size ?? 0) <= maxMediaBytes) {
        return { contentType: answer.type ?? readType(outcome.contentType) ?? anyType, size, body };
      }
      body.destroy();
      return status >= 200 && status <= 299 ? { kind: 'too_large' } : faultOfStatus(status, outcome.retryAfterMs);
    },
  };
}
