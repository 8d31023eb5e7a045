/**
 * What a peer does around its queue, the same for each: accepts over HTTP, keeps a row, POSTs to the sink, takes the sink's
 * callback. One insert and three updates a message, no framework; a signed callback is checked as Waypost checks it.
 */
import { createHmac, randomUUID, timingSafeEqual } from 'node:crypto';
import { Agent, createServer, request } from 'node:http';
import pg from 'pg';

/** Deliveries under way at once, as many as the bench keeps in flight. */
export const deliveriesAtOnce = 50;

const { DATABASE_URL, PEER_SINK_URL, PEER_APP_SECRET } = process.env;
const sendTimeoutMs = 10_000;
const agent = new Agent({ keepAlive: true, maxSockets: 128 });

export const databaseUrl = DATABASE_URL;
export const pool = new pg.Pool({ connectionString: DATABASE_URL, max: 20 });

export const createTable = () =>
  pool.query(`create table if not exists message (
    id text primary key, recipient text not null, activity jsonb not null, state text not null,
    attempts integer not null default 0, provider_id text, created_at timestamptz not null default now(),
    updated_at timestamptz not null default now())`);

/** One try to deliver: notes the attempt, POSTs, notes what the sink answered. */
export async function deliver(id) {
  const { rows } = await query(
    'claim',
    `update message set state = 'sending', attempts = attempts + 1, updated_at = now() where id = $1
     returning recipient, activity`,
    [id],
  );
  const [{ recipient, activity }] = rows;
  const text = { body: activity.text, preview_url: false };
  const message = { messaging_product: 'whatsapp', to: recipient, type: 'text', text, biz_opaque_callback_data: id };
  const { messages } = JSON.parse(await post(`${PEER_SINK_URL}/messages`, JSON.stringify(message)));
  await query(
    'accepted',
    // The callback may have been quicker.
    `update message set state = case when state = 'sending' then 'accepted' else state end, provider_id = $2,
       updated_at = now() where id = $1`,
    [id, messages[0].id],
  );
}

export const setDelivered = (id) =>
  query('delivered', "update message set state = 'delivered', updated_at = now() where id = $1", [id]);

/** A prepared statement: the same text is parsed once for each connection. */
export const query = (name, text, values) => pool.query({ name, text, values });

/** `accept` makes row and job durable; `onDelivered` has the final row, or its way there, durable before the callback's 200. */
export function serve({ accept, onDelivered }) {
  async function answer(incoming, response) {
    try {
      const chunks = [];
      for await (const chunk of incoming) chunks.push(chunk);
      const body = Buffer.concat(chunks);
      if (incoming.url === '/callbacks') {
        checkSignature(incoming.headers['x-hub-signature-256'], body);
        const [{ biz_opaque_callback_data: id }] = JSON.parse(body).entry[0].changes[0].value.statuses;
        await onDelivered(id);
        response.writeHead(200).end();
        return;
      }
      const id = randomUUID();
      const { to, activity } = JSON.parse(body);
      await accept({ id, to, activity });
      response.writeHead(202, { 'content-type': 'application/json' }).end(JSON.stringify({ id, state: 'accepted' }));
    } catch (error) {
      response.writeHead(500).end(String(error));
    }
  }
  const server = createServer({ keepAliveTimeout: 65_000 }, (incoming, response) => void answer(incoming, response));
  server.listen({ port: 0, host: '127.0.0.1' }, () => process.send({ kind: 'listening', port: server.address().port }));
  async function tellRows() {
    const { rows } = await pool.query('select state, count(*)::integer as count from message group by state');
    process.send({ kind: 'rows', byState: Object.fromEntries(rows.map(({ state, count }) => [state, count])) });
  }
  process.on('message', () => void tellRows());
  process.on('SIGINT', () => {});
  process.on('disconnect', () => process.exit(0));
}

function checkSignature(given = '', body) {
  const expected = Buffer.from(`sha256=${createHmac('sha256', PEER_APP_SECRET).update(body).digest('hex')}`);
  const isGood = given.length === expected.length && timingSafeEqual(Buffer.from(given), expected);
  if (!isGood) throw new Error('The signature of the callback is wrong.');
}

function post(url, body) {
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  return new Promise((resolve, reject) => {
    const call = request(url, { method: 'POST', agent, headers, timeout: sendTimeoutMs }, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.once('end', () => {
        if (response.statusCode === 200) resolve(Buffer.concat(chunks).toString());
        else reject(new Error(`The sink answered with ${response.statusCode}.`));
      });
    });
    call.once('timeout', () => call.destroy(new Error('The sink did not answer in time.')));
    call.once('error', reject);
    call.end(body);
  });
}
