/** A process of its own: the product's HTTP client as it is, with nothing to remember. */
import { createGuardedHttp } from '../../src/upstreams/guarded-http/guarded-http.ts';
import { createUrlGuard } from '../../src/upstreams/guarded-http/url-guard.ts';
import { createPushClient } from '../../src/upstreams/push/push-client.ts';
import { readClockMs } from '../clock.ts';

export interface BareOrder {
  readonly url: string;
  readonly tokens: readonly string[];
  readonly text: { readonly title: string; readonly body: string };
  readonly data: Readonly<Record<string, string>>;
  readonly accessToken: string;
  /** As many as the product has under way at once. */
  readonly atOnce: number;
}

export type BareWord =
  | { readonly kind: 'ready' }
  | { readonly kind: 'done'; readonly accepted: number; readonly spentMs: number };

const tell = (word: BareWord) => process.send?.(word);

// As in the product's collaborators.
const guard = createUrlGuard({ allowHttp: true, allowNetworks: ['127.0.0.0/8'] });
const http = createGuardedHttp({ guard, connectionsPerOwner: 64 });
const client = createPushClient({ http, nowMs: Date.now });

async function pushAll({ url, tokens, text, data, accessToken, atOnce }: BareOrder): Promise<void> {
  const rest = [...tokens];
  let accepted = 0;
  const startedMs = readClockMs();
  async function pushNext(): Promise<void> {
    for (let token = rest.pop(); token !== undefined; token = rest.pop()) {
      const answer = await client.send({
        owner: { tenantId: 'bench', destination: 'push' },
        url,
        accessToken,
        token,
        text,
        data,
      });
      if (answer.kind === 'accepted') accepted += 1;
    }
  }
  await Promise.all(Array.from({ length: atOnce }, pushNext));
  tell({ kind: 'done', accepted, spentMs: readClockMs() - startedMs });
}

process.on('message', (order: BareOrder) => void pushAll(order));
process.on('SIGINT', () => {});
process.on('disconnect', () => process.exit(0));
tell({ kind: 'ready' });
