/**
 * A process of its own: a Kernel that accepts every send and calls back a few milliseconds later, and a subscriber. The
 * first part of a path names the subject whose send it is: `/waypost/…`, `/dbos/…`.
 */
import { createHmac } from 'node:crypto';
import { Agent, createServer, request } from 'node:http';
import { readClockMs } from '../clock.ts';

const callbackDelayMs = 5;
/** Two minutes at least: a provider is patient, and an overloaded api may refuse for a while. */
const callbackTries = 480;
const retryDelayMs = 250;
const callTimeoutMs = 10_000;

export interface SinkTarget {
  readonly callbackUrl: string;
  readonly appSecret: string;
  readonly statuses: readonly string[];
}

export type SinkOrder =
  | { readonly kind: 'target'; readonly subject: string; readonly target: SinkTarget }
  | { readonly kind: 'count'; readonly subject: string };

export interface SinkCounts {
  readonly sends: number;
  /** Different job ids among them. */
  readonly jobs: number;
  readonly bodyBytes: number;
  /** Callbacks that were not answered with 200; each is repeated for a while. */
  readonly refusedCallbacks: number;
  readonly lostCallbacks: number;
  /** Webhook deliveries: whatever comes to a path that ends with `/subscriber`. */
  readonly webhooks: number;
}

export type SinkWord =
  | { readonly kind: 'listening'; readonly port: number }
  /** The callback with the last status was answered with 200 at `atMs`: what it says is durable. */
  | { readonly kind: 'delivered'; readonly jobId: string; readonly atMs: number }
  | { readonly kind: 'counts'; readonly subject: string; readonly counts: SinkCounts };

interface SubjectState {
  target: SinkTarget | null;
  readonly jobIds: Set<string>;
  readonly counts: { -readonly [Name in Exclude<keyof SinkCounts, 'jobs'>]: number };
}

const agent = new Agent({ keepAlive: true, maxSockets: 128 });
const subjects = new Map<string, SubjectState>();

function stateOf(subject: string): SubjectState {
  const found = subjects.get(subject);
  if (found !== undefined) return found;
  const counts = { sends: 0, bodyBytes: 0, refusedCallbacks: 0, lostCallbacks: 0, webhooks: 0 };
  const state: SubjectState = { target: null, jobIds: new Set(), counts };
  subjects.set(subject, state);
  return state;
}

const tell = (word: SinkWord) => process.send?.(word);

const server = createServer({ keepAliveTimeout: 65_000 }, (incoming, response) => {
  const chunks: Buffer[] = [];
  incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
  incoming.on('end', () => {
    const { url = '' } = incoming;
    const state = stateOf(url.split('/')[1] ?? '');
    const { counts, jobIds } = state;
    if (url.endsWith('/subscriber')) {
      counts.webhooks += 1;
      response.writeHead(204).end();
      return;
    }
    const raw = Buffer.concat(chunks);
    const send = JSON.parse(raw.toString()) as { to: string; biz_opaque_callback_data: string }; // cast: our own product
    const jobId = send.biz_opaque_callback_data;
    counts.sends += 1;
    counts.bodyBytes += raw.length;
    jobIds.add(jobId);
    const wamid = `wamid.bench-${counts.sends}`;
    const contacts = [{ input: send.to, wa_id: send.to }];
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ messaging_product: 'whatsapp', contacts, messages: [{ id: wamid }] }));
    setTimeout(() => void callBack(state, { jobId, wamid, to: send.to }), callbackDelayMs);
  });
});

async function callBack(
  { target, counts }: SubjectState,
  { jobId, wamid, to }: { readonly jobId: string; readonly wamid: string; readonly to: string },
): Promise<void> {
  if (target === null) return;
  for (const status of target.statuses) {
    const timestamp = String(Math.floor(Date.now() / 1_000));
    const statuses = [{ id: wamid, status, timestamp, recipient_id: to, biz_opaque_callback_data: jobId }];
    const metadata = { display_phone_number: '34900000000', phone_number_id: 'bench' };
    const change = { field: 'messages', value: { messaging_product: 'whatsapp', metadata, statuses } };
    const entry = [{ id: 'waba-bench', changes: [change] }];
    const body = JSON.stringify({ object: 'whatsapp_business_account', entry });
    if (!(await postPatiently(target, counts, body))) return;
  }
  tell({ kind: 'delivered', jobId, atMs: readClockMs() });
}

async function postPatiently(
  { callbackUrl, appSecret }: SinkTarget,
  counts: SubjectState['counts'],
  body: string,
): Promise<boolean> {
  const signature = `sha256=${createHmac('sha256', appSecret).update(body).digest('hex')}`;
  for (let tries = 0; tries < callbackTries; tries++) {
    if ((await post(callbackUrl, body, signature)) === 200) return true;
    counts.refusedCallbacks += 1;
    await new Promise((resolve) => setTimeout(resolve, retryDelayMs));
  }
  counts.lostCallbacks += 1;
  return false;
}

function post(url: string, body: string, signature: string): Promise<number | null> {
  const headers = {
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
    'x-hub-signature-256': signature,
  };
  return new Promise((resolve) => {
    const call = request(url, { method: 'POST', agent, headers, timeout: callTimeoutMs }, (response) => {
      response.resume();
      response.once('end', () => resolve(response.statusCode ?? null));
    });
    call.once('timeout', () => call.destroy());
    call.once('error', () => resolve(null));
    call.end(body);
  });
}

process.on('message', (order: SinkOrder) => {
  const state = stateOf(order.subject);
  if (order.kind === 'target') Object.assign(state, { target: order.target });
  else tell({ kind: 'counts', subject: order.subject, counts: { ...state.counts, jobs: state.jobIds.size } });
});
// Ctrl-C reaches the whole group; the sink ends with its parent, after the product that still calls it.
process.on('SIGINT', () => {});
process.on('disconnect', () => process.exit(0));

server.listen({ port: 0, host: '127.0.0.1' }, () => {
  const address = server.address();
  if (address !== null && typeof address === 'object') tell({ kind: 'listening', port: address.port });
});
