import { createHmac } from 'node:crypto';
import { Agent, request } from 'node:http';
import type { KernelChannel } from './kernel-channels.ts';
import type { Pauses } from './pauses.ts';

const postTimeoutMs = 10_000;
// Meta repeats for days; here long enough for a restart of the receiver.
const retryDelaysMs = [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000, 5_000, 5_000, 5_000, 5_000, 5_000, 5_000];

export interface CallbackCounts {
  /** Bodies that the channel took with 200. */
  readonly taken: number;
  /** Posts that it did not take; each is repeated for a while. */
  readonly refused: number;
  /** Bodies given up. */
  readonly lost: number;
  /** Bodies not yet taken or given up. */
  readonly pending: number;
}

export interface CallbackPoster {
  readonly counts: CallbackCounts;
  /** Posts the bytes; resolves after the first try, and goes on trying in the background when that failed. */
  post(channel: KernelChannel, body: Buffer, signature: 'valid' | 'wrong' | 'absent'): Promise<void>;
  end(): void;
}

/** Posts callbacks as Meta does: signed over the raw bytes, repeated until they are answered with 200. */
export function createCallbackPoster(pauses: Pauses): CallbackPoster {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const counts = { taken: 0, refused: 0, lost: 0, pending: 0 };

  async function tryOnce(url: URL, body: Buffer, headers: Readonly<Record<string, string>>): Promise<boolean> {
    const isTaken = (await postBytes(agent, url, body, headers)) === 200;
    if (isTaken) counts.taken += 1;
    else counts.refused += 1;
    return isTaken;
  }

  async function repeat(attempt: () => Promise<boolean>): Promise<void> {
    for (const delayMs of retryDelaysMs) {
      if (!(await pauses.wait(delayMs))) break;
      if (await attempt()) return;
    }
    counts.lost += 1;
  }

  return {
    counts,
    async post(channel, body, signature) {
      if (channel.callbackUrl === null) return;
      const url = new URL(channel.callbackUrl);
      const headers = signCallback(channel.appSecret, body, signature);
      counts.pending += 1;
      const attempt = () => tryOnce(url, body, headers);
      // A wrong signature is refused for good: repeating it would only repeat the refusal.
      if ((await attempt()) || signature !== 'valid') counts.pending -= 1;
      else void repeat(attempt).finally(() => (counts.pending -= 1));
    },
    end: () => agent.destroy(),
  };
}

/** Source: https://developers.facebook.com/docs/graph-api/webhooks/getting-started#validate-payloads */
function signCallback(appSecret: string, body: Buffer, signature: 'valid' | 'wrong' | 'absent') {
  const headers = { 'content-type': 'application/json', 'content-length': String(body.length) };
  if (signature === 'absent') return headers;
  const key = signature === 'valid' ? appSecret : `${appSecret}, but another`;
  return { ...headers, 'x-hub-signature-256': `sha256=${createHmac('sha256', key).update(body).digest('hex')}` };
}

/** The answer's status; null when there was none. */
function postBytes(agent: Agent, url: URL, body: Buffer, headers: Readonly<Record<string, string>>) {
  return new Promise<number | null>((resolve) => {
    const call = request(url, { method: 'POST', agent, headers, timeout: postTimeoutMs }, (response) => {
      response.resume();
      response.once('close', () => resolve(response.statusCode ?? null));
    });
    call.once('timeout', () => call.destroy());
    // The receiver may be down, which is a part of many scripts.
    call.once('error', () => resolve(null));
    call.end(body);
  });
}
