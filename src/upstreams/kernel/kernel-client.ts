import type { KernelCredentials } from '../../domain/channel.ts';
import { appendPath } from '../guarded-http/append-path.ts';
import type { BeforeWrite } from '../guarded-http/exchange.ts';
import type { GuardedHttp } from '../guarded-http/guarded-http.ts';
import type { RequestOwner } from '../guarded-http/origin-pools.ts';
import type { KernelAccess } from './kernel-access.ts';
import { readKernelAnswer, readMarkAnswer, readUploadAnswer, refuseUnauthorised } from './kernel-answer.ts';
import type { KernelAnswer, MarkAnswer, UploadAnswer } from './kernel-answer.ts';
import { type FileToUpload, writeForm } from './multipart.ts';

/** Whose number it is about, and who may use it. */
export interface KernelNumber {
  readonly owner: RequestOwner;
  readonly apiBaseUrl: string;
  readonly phoneNumberId: string;
  readonly credentials: KernelCredentials;
  /** Throws = it is not to be sent any more; the answer's fault is then `withdrawn`. */
  readonly beforeWrite?: BeforeWrite;
}

/** `typing` = an answer is being written. */
export interface ReadMark extends KernelNumber {
  readonly messageId: string;
  readonly typing: boolean;
}

export interface KernelClient {
  /**
   * Sends one Cloud API payload, once. Kernel has no idempotency key, so running it twice may deliver twice: the caller
   * decides by the answer. Source: https://developers.facebook.com/docs/whatsapp/cloud-api/reference/messages
   */
  sendMessage(message: KernelNumber & { readonly payload: Readonly<Record<string, unknown>> }): Promise<KernelAnswer>;
  /**
   * Uploads one file; its id serves for 30 days. Running it twice leaves a file that nobody sees.
   * Source: https://developers.facebook.com/docs/whatsapp/cloud-api/reference/media
   */
  uploadMedia(upload: KernelNumber & { readonly file: FileToUpload }): Promise<UploadAnswer>;
  /**
   * Marks a person's message as read, and those before it; `typing` = shows for 25 s that an answer is being written.
   * Source: https://developers.facebook.com/docs/whatsapp/cloud-api/typing-indicators
   */
  markRead(mark: ReadMark): Promise<MarkAnswer>;
}

export function createKernelClient(dependencies: {
  readonly http: Pick<GuardedHttp, 'request'>;
  readonly access: KernelAccess;
  readonly timeoutMs?: number;
}): KernelClient {
  const { http, access, timeoutMs = 15_000 } = dependencies;

  function post(path: 'messages' | 'media', number: KernelNumber, contentType: string, body: string | Buffer) {
    return access.call(number.owner, number.credentials, (accessToken) =>
      http.request({
        owner: number.owner,
        method: 'POST',
        url: appendPath(number.apiBaseUrl, number.phoneNumberId, path),
        headers: { authorization: `Bearer ${accessToken}`, 'content-type': contentType, accept: 'application/json' },
        body,
        timeoutMs,
        beforeWrite: number.beforeWrite,
      }),
    );
  }

  return {
    async sendMessage({ payload, ...number }) {
      const called = await post('messages', number, 'application/json', JSON.stringify(payload));
      if (called.kind === 'refused') return refuseUnauthorised(called.refusal);
      return readKernelAnswer(called.outcome, [called.accessToken]);
    },
    async markRead({ messageId, typing, ...number }) {
      const mark = { messaging_product: 'whatsapp', status: 'read', message_id: messageId };
      const body = typing ? { ...mark, typing_indicator: { type: 'text' } } : mark;
      const called = await post('messages', number, 'application/json', JSON.stringify(body));
      if (called.kind === 'refused') return refuseUnauthorised(called.refusal);
      return readMarkAnswer(called.outcome, [called.accessToken]);
    },
    async uploadMedia({ file, ...number }) {
      const form = writeForm({ messaging_product: 'whatsapp', type: file.contentType }, file);
      const called = await post('media', number, form.contentType, form.body);
      if (called.kind === 'refused') return refuseUnauthorised(called.refusal);
      return readUploadAnswer(called.outcome, [called.accessToken]);
    },
  };
}
