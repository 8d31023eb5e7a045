import { promisify } from 'node:util';
import { brotliDecompress, constants, gunzip, inflate } from 'node:zlib';
import type { Dispatcher } from 'undici';
import type { HttpOutcome, NetworkFault } from '../../domain/failure.ts';
import { NetworkError, codeOf } from './network-error.ts';
import { parseRetryAfterMs } from './retry-after.ts';

/** Called once, right before the first byte is written; throwing keeps the request from being written at all. */
export type BeforeWrite = () => void;

export interface Exchange {
  readonly dispatcher: Dispatcher;
  readonly options: Dispatcher.DispatchOptions;
  /** How long to wait for a connection before anything is written. */
  readonly waitTimeoutMs: number;
  /** How long the answer may take, body included, once the request is being written. */
  readonly timeoutMs: number;
  readonly maxBodyBytes: number;
  /** See `HttpRequest`. */
  readonly beforeWrite?: BeforeWrite | undefined;
  readonly nowMs: () => number;
  readonly monotonicNowMs: () => number;
}

/**
 * One request and its answer; always resolves. The request is written at most once: whatever fails after the first byte
 * may have been offered to the network is `timeout` or `reset_after_body`, and what fails before is safe to resend.
 * Once a status has been read the outcome is `answered`, with as much of the body as came in time and fits. A body that is
 * compressed although nobody asked for it is read all the same: otherwise a success would be taken for nonsense, and sent again.
 */
export function runExchange(exchange: Exchange): Promise<HttpOutcome> {
  const { waitTimeoutMs, timeoutMs, maxBodyBytes, monotonicNowMs } = exchange;
  const startedAtMs = monotonicNowMs();
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bodyBytes = 0;
    let head: { readonly status: number; readonly retryAfterMs: number | null } | null = null;
    let encoding: string | null = null;
    let abort: (() => void) | null = null;
    let isOver = false;
    let timer = setTimeout(
      () => fail('local_capacity', `No connection was free within ${waitTimeoutMs} ms; nothing was sent.`),
      waitTimeoutMs,
    );

    function end(outcome: HttpOutcome): void {
      if (isOver) return;
      isOver = true;
      clearTimeout(timer);
      resolve(outcome);
    }
    function fail(fault: NetworkFault, detail: string): void {
      const durationMs = Math.round(monotonicNowMs() - startedAtMs);
      if (head === null) return end({ answered: false, fault, detail, durationMs });
      const cutShort = bodyBytes > maxBodyBytes ? 'too_long' : 'broken';
      void endAnswered(head, durationMs, cutShort);
    }
    async function endAnswered(
      answer: { readonly status: number; readonly retryAfterMs: number | null },
      durationMs: number,
      cutShort?: 'too_long' | 'broken',
    ): Promise<void> {
      if (isOver) return;
      isOver = true;
      clearTimeout(timer);
      const decoded = await decompress(Buffer.concat(chunks), encoding, maxBodyBytes);
      const cut = cutShort ?? decoded.cutShort;
      const body = decodeText(decoded.bytes);
      resolve({ answered: true, ...answer, body, ...(cut !== undefined && { cutShort: cut }), durationMs });
    }
    /** Ends with what has been read so far, and closes the connection because more may be on its way. */
    function cutOff(fault: NetworkFault, detail: string): void {
      fail(fault, detail);
      abort?.();
    }

    exchange.dispatcher.dispatch(exchange.options, {
      onConnect(abortRequest) {
        // Called right before writing. Throwing drops the request unwritten: nobody waits for it any more, or it has been
        // written before and must not go out twice.
        if (isOver || abort !== null) throw new Error('The request is not to be written.');
        try {
          exchange.beforeWrite?.();
        } catch (error) {
          fail('withdrawn', `${error instanceof Error ? error.message : 'It was withdrawn.'} Nothing was sent.`);
          throw error;
        }
        abort = abortRequest;
        clearTimeout(timer);
        timer = setTimeout(() => cutOff('timeout', `No whole answer came within ${timeoutMs} ms.`), timeoutMs);
      },
      onHeaders(status, rawHeaders) {
        if (status < 200) return true; // 1xx: the answer is still to come
        head = { status, retryAfterMs: parseRetryAfterMs(findHeader(rawHeaders, 'retry-after'), exchange.nowMs()) };
        encoding = findHeader(rawHeaders, 'content-encoding');
        return true;
      },
      onData(chunk) {
        const room = maxBodyBytes - bodyBytes;
        bodyBytes += chunk.length;
        if (room > 0) chunks.push(chunk.subarray(0, room));
        if (chunk.length > room) cutOff('reset_after_body', 'The answer was longer than is read.');
        return true;
      },
      onComplete() {
        if (head === null) return fail('reset_after_body', 'The answer ended without a status.');
        const durationMs = Math.round(monotonicNowMs() - startedAtMs);
        void endAnswered(head, durationMs);
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

export function findHeader(rawHeaders: readonly Buffer[], name: string): string | null {
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    if (rawHeaders[index]?.toString('latin1').toLowerCase() === name)
      return rawHeaders[index + 1]?.toString('latin1') ?? null;
  }
  return null;
}

const decoders: Readonly<Record<string, (bytes: Buffer, maxBytes: number) => Promise<Buffer>>> = {
  // What was cut off on its way is decoded as far as it came.
  gzip: (bytes, maxOutputLength) => promisify(gunzip)(bytes, { maxOutputLength, finishFlush: constants.Z_SYNC_FLUSH }),
  deflate: (bytes, maxOutputLength) =>
    promisify(inflate)(bytes, { maxOutputLength, finishFlush: constants.Z_SYNC_FLUSH }),
  br: (bytes, maxOutputLength) =>
    promisify(brotliDecompress)(bytes, { maxOutputLength, finishFlush: constants.BROTLI_OPERATION_FLUSH }),
};

/** At most `maxBytes` of it; never rejects. An encoding that we do not know is left as it is. */
async function decompress(
  bytes: Buffer,
  encoding: string | null,
  maxBytes: number,
): Promise<{ readonly bytes: Buffer; readonly cutShort?: 'too_long' | 'broken' }> {
  const decode = decoders[(encoding ?? '').trim().toLowerCase().replace(/^x-/, '')];
  if (decode === undefined || bytes.length === 0) return { bytes };
  try {
    return { bytes: await decode(bytes, maxBytes) };
  } catch (error) {
    return { bytes: Buffer.alloc(0), cutShort: codeOf(error) === 'ERR_BUFFER_TOO_LARGE' ? 'too_long' : 'broken' };
  }
}

/** UTF-8 text without a character that was cut in half, and without NUL, which Postgres cannot store. */
function decodeText(bytes: Buffer): string {
  return new TextDecoder().decode(bytes, { stream: true }).replaceAll('\u0000', '\ufffd');
}
