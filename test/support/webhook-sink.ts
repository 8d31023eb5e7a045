import { Webhook } from 'standardwebhooks';
import { startHttpServer } from '../../demo/stand-ins/http-server.ts';

export interface ReceivedEvent {
  readonly id: string;
  readonly type: string;
  readonly timestamp: string;
  readonly data: { readonly id: string; readonly state?: string };
}

export interface ReceivedPost {
  readonly path: string;
  readonly webhookId: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly event: ReceivedEvent;
  /** What it was answered with; null = nothing. */
  readonly status: number | null;
  /** Epoch milliseconds. */
  readonly at: number;
}

export interface SinkAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** A subscriber that remembers every post; `answer` says what it says to each. */
export async function startWebhookSink() {
  const posts: ReceivedPost[] = [];
  /** An answer of null never comes. */
  const sink = { answer: (_event: ReceivedEvent): SinkAnswer | null | Promise<SinkAnswer> => ({ status: 204 }) };
  const server = await startHttpServer({
    name: 'webhook sink',
    async handle({ path, headers, body }, response) {
      const text = body.toString();
      const event = JSON.parse(text) as ReceivedEvent; // our own body
      const answer = await sink.answer(event);
      posts.push({
        path,
        webhookId: String(headers['webhook-id']),
        headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)])),
        body: text,
        event,
        status: answer?.status ?? null,
        at: Date.now(),
      });
      if (answer !== null) response.writeHead(answer.status, answer.headers ?? {}).end(answer.body ?? '');
    },
  });
  return Object.assign(sink, {
    posts,
    url: server.url,
    goDown: () => server.goDown(),
    comeBack: () => server.comeBack(),
    stop: () => server.stop(),
    /** Types that came to a path and were taken, in order. */
    taken: (path: string): string[] =>
      posts
        .filter((post) => post.path === path && post.status !== null && post.status < 300)
        .map(({ event }) => event.type),
    at: (path: string): ReceivedPost[] => posts.filter((post) => post.path === path),
  });
}

/** By the reference library; throws where the signature is not by this secret. */
export function verifyPost({ body, headers }: ReceivedPost, secret: string): unknown {
  return new Webhook(secret).verify(body, { ...headers });
}
