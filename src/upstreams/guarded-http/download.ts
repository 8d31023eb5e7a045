import { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import type { NetworkFault } from '../../domain/failure.ts';
import { findHeader } from './exchange.ts';
import { NetworkError, codeOf } from './network-error.ts';
import type { RequestOwner } from './origin-pools.ts';
import { parseRetryAfterMs } from './retry-after.ts';

export interface DownloadRequest {
  readonly owner: RequestOwner;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** From the moment the request is written to the head of the answer. */
  readonly headersTimeoutMs: number;
  /** How long the upstream may send nothing; it does not run while the reader is the slow one. */
  readonly idleTimeoutMs: number;
  /** From the moment the request is written to the last byte of the answer. */
  readonly totalTimeoutMs: number;
  readonly maxBytes: number;
  /** Aborted = nobody waits for the answer any more, and its connection is closed. */
  readonly signal: AbortSignal;
}

/**
 * `answered`: the head, and the body as it comes, which the caller reads or destroys. It ends with an error where the
 * upstream breaks off, dawdles, or sends more than `maxBytes`. `contentLength` null = the upstream did not say.
 */
export type DownloadOutcome =
  | {
      readonly answered: true;
      readonly status: number;
      readonly retryAfterMs: number | null;
      readonly contentType: string | null;
      readonly contentLength: number | null;
      readonly body: Readable;
    }
  | { readonly answered: false; readonly fault: NetworkFault; readonly detail: string };

export interface Download extends Omit<DownloadRequest, 'owner' | 'url' | 'headers'> {
  readonly dispatcher: Dispatcher;
  readonly options: Dispatcher.DispatchOptions;
  /** How long to wait for a connection before anything is written. */
  readonly waitTimeoutMs: number;
  readonly nowMs: () => number;
}

/**
 * One request whose answer is handed on while it comes; always resolves. The request is written at most once. However it
 * ends, by the last byte, a fault, a time-out, or a reader who went away, its connection is free again or closed.
 */
export function runDownload(download: Download): Promise<DownloadOutcome> {
  const { waitTimeoutMs, headersTimeoutMs, idleTimeoutMs, totalTimeoutMs, maxBytes, signal } = download;
  return new Promise((resolve) => {
    let abort: (() => void) | null = null;
    let body: Readable | null = null;
    let bodyBytes = 0;
    let isOver = false;
    let totalTimer: NodeJS.Timeout | undefined;
    let timer = setTimeout(
      () => fail('local_capacity', `No connection was free within ${waitTimeoutMs} ms; nothing was sent.`),
      waitTimeoutMs,
    );

    function end(): void {
      isOver = true;
      clearTimeout(timer);
      clearTimeout(totalTimer);
      signal.removeEventListener('abort', leave);
    }
    function fail(fault: NetworkFault, detail: string): void {
      if (isOver) return;
      end();
      if (body === null) resolve({ answered: false, fault, detail });
      else body.destroy(new NetworkError(fault, detail));
      abort?.();
    }
    function leave(): void {
      fail('reset_after_body', 'The caller went away.');
    }
    function startIdleTimer(): void {
      clearTimeout(timer);
      timer = setTimeout(() => fail('timeout', `The answer stood still for ${idleTimeoutMs} ms.`), idleTimeoutMs);
    }
    function openBody(resume: () => void): Readable {
      const opened = new Readable({
        read() {
          if (!isOver) startIdleTimer();
          resume();
        },
        destroy(error, done) {
          // Left before its end: more may be on its way on this connection.
          if (!isOver) {
            end();
            abort?.();
          }
          done(error);
        },
      });
      // Its reader hears of it too; while there is none, it must not end the process.
      opened.on('error', () => undefined);
      return opened;
    }

    if (signal.aborted) return leave();
    signal.addEventListener('abort', leave, { once: true });
    download.dispatcher.dispatch(download.options, {
      onConnect(abortRequest) {
        // Called right before writing. Throwing drops the request unwritten: nobody waits for it any more, or it has been
        // written before and must not go out twice.
        if (isOver || abort !== null) throw new Error('The request is not to be written.');
        abort = abortRequest;
        clearTimeout(timer);
        timer = setTimeout(() => fail('timeout', `No answer came within ${headersTimeoutMs} ms.`), headersTimeoutMs);
        totalTimer = setTimeout(
          () => fail('timeout', `The answer was not whole within ${totalTimeoutMs} ms.`),
          totalTimeoutMs,
        );
      },
      onHeaders(status, rawHeaders, resume) {
        if (status < 200) return true; // 1xx: the answer is still to come
        startIdleTimer();
        body = openBody(resume);
        resolve({
          answered: true,
          status,
          retryAfterMs: parseRetryAfterMs(findHeader(rawHeaders, 'retry-after'), download.nowMs()),
          contentType: findHeader(rawHeaders, 'content-type'),
          contentLength: readLength(findHeader(rawHeaders, 'content-length')),
          body,
        });
        return true;
      },
      onData(chunk) {
        if (isOver || body === null) return false;
        bodyBytes += chunk.length;
        if (bodyBytes > maxBytes) {
          fail('reset_after_body', `The answer was longer than ${maxBytes} bytes.`);
          return false;
        }
        timer.refresh();
        const wantsMore = body.push(chunk);
        // From here to the next read it is the reader who takes the time, bounded by the whole.
        if (!wantsMore) clearTimeout(timer);
        return wantsMore;
      },
      onComplete() {
        if (isOver) return;
        end();
        body?.push(null);
      },
      onError(error) {
        if (error instanceof NetworkError) return fail(error.fault, error.message);
        const isWritten = abort !== null;
        fail(
          isWritten ? 'reset_after_body' : 'reset_before_body',
          `The exchange broke ${isWritten ? 'after' : 'before'} the request was sent (${codeOf(error)}).`,
        );
      },
    });
  });
}

function readLength(header: string | null): number | null {
  return header !== null && /^\d{1,15}$/.test(header) ? Number(header) : null;
}
