import { readFileSync } from 'node:fs';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { aMessage, type Caller } from '../support/caller.ts';
import { callPipelined, type PipelinedAnswer } from '../support/pipelined-calls.ts';
import { poll } from '../support/poll.ts';
import { openProduct, type Product, type RunningProcess, runSql } from '../support/product-fixture.ts';

const maxWaitingJobs = 5_000;
const floodMs = 3_000;
const connections = 150;
const callsAtOnce = 10;
const bigConnections = 16;
/** Far below what the bodies alone would come to, were they all read: 16 × 8 MiB, parsed several times over. */
const maxRssMb = 900;
const drainMs = 240_000;

let place: Product;
let api: RunningProcess;
let owner: pg.Client;

beforeAll(async () => {
  place = await openProduct();
  [api] = await Promise.all([
    place.startApi({ LOG_LEVEL: 'error', WAYPOST_MAX_WAITING_JOBS: String(maxWaitingJobs) }),
    place.startWorker(),
  ]);
  owner = new pg.Client({ connectionString: place.databaseUrl });
  await owner.connect();
});
afterAll(async () => {
  await owner.end();
  await place.close();
});

/**
 * A backlog that no worker takes up while this transaction lasts: its rows are locked before they are due, and sweeps leave
 * such out.
 */
async function crowd(tenantId: string): Promise<void> {
  await owner.query("select set_config('waypost.tenant', $1, false)", [tenantId]);
  await owner.query(`
    insert into job (id, tenant_id, kind, state, request, wake_at, expires_at, created_at, updated_at)
    select 'msg_stuck' || i, '${tenantId}', 'message', 'queued', '{}', now() + interval '5 seconds',
      now() + interval '1 day', now(), now()
    from generate_series(1, ${maxWaitingJobs}) i`);
  await owner.query('begin');
  await owner.query("select 1 from job where id like 'msg_stuck%' for update");
}

async function disperse(): Promise<void> {
  await owner.query("delete from job where id like 'msg_stuck%'");
  await owner.query('commit');
}

interface Tally {
  readonly accepted: string[];
  /** By problem code. */
  readonly refused: Map<string, number>;
  readonly wrong: string[];
}

function judge(tally: Tally, { status, retryAfter, body }: PipelinedAnswer): void {
  const code = String(body['code']);
  if (status === 202) tally.accepted.push(String(body['id']));
  else if ((status === 429 || status === 503) && Number(retryAfter) > 0)
    tally.refused.set(code, (tally.refused.get(code) ?? 0) + 1);
  else tally.wrong.push(`${status} ${code}`);
}

/** Calls again and again until the time is over, so many at once on each connection, as who hears no "come back later". */
async function flood(tally: Tally, atOnce: number, call: () => Parameters<typeof callPipelined>[1][number]) {
  const endMs = Date.now() + floodMs;
  while (Date.now() < endMs) {
    const answers = await callPipelined(place.apiUrl, Array.from({ length: atOnce }, call));
    for (const answer of answers) judge(tally, answer);
  }
}

function readRssMb(pid: number): number {
  const line = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(line?.[1] ?? 0) / 1024;
}

it('an api that is offered far more than it can take refuses what it does not keep, and keeps what it took', async () => {
  const [busy, crowded, big] = [await place.makeTenant(), await place.makeTenant(), await place.makeTenant()];
  // Callbacks may be refused in a flood, and the stand-in says each of them once: the window ends what they leave open.
  await place.makeChannel(busy, { statusWindowSeconds: 5 });
  await big.ask('POST /v1/integrations', { name: 'erp', url: place.integrator.url, secret: place.integratorSecret });
  await crowd(crowded.tenantId);
  const early = await crowded.call('POST /v1/messages', { body: aMessage() });
  expect([early.status, early.at('code')]).toEqual([429, 'too_many_waiting_jobs']);

  const tallyOf = (): Tally => ({ accepted: [], refused: new Map(), wrong: [] });
  const [ofBusy, ofCrowded, ofBig] = [tallyOf(), tallyOf(), tallyOf()];
  const send = (tenant: Caller) => () => ({ path: '/v1/messages', key: tenant.key, body: JSON.stringify(aMessage()) });
  const notification = JSON.stringify({
    type: 'USER_CENTER_NOTIFICATION',
    integration: 'erp',
    titleI18n: { en: 'a' },
    messageI18n: { en: 'b' },
    receivers: [{ merchantId: 'm', userIds: ['u'] }],
  });
  const body = notification.padEnd(8 * 1024 * 1024);
  const notify = () => ({ path: '/v1/notifications', key: big.key, body });
  let maxSeenMb = 0;
  let probes = 0;
  const watch = setInterval(() => {
    maxSeenMb = Math.max(maxSeenMb, readRssMb(api.pid));
    void fetch(`${place.apiUrl}/livez`).then(({ status }) => (probes += status === 200 ? 1 : 0));
  }, 200);
  await Promise.all([
    ...Array.from({ length: connections }, () => flood(ofBusy, callsAtOnce, send(busy))),
    ...Array.from({ length: bigConnections }, () => flood(ofBig, 1, notify)),
    flood(ofCrowded, 1, send(crowded)),
  ]);
  clearInterval(watch);
  await disperse();

  expect([ofBusy.wrong, ofBig.wrong, ofCrowded.wrong]).toEqual([[], [], []]);
  expect(ofCrowded.accepted).toEqual([]);
  expect(ofBusy.refused.get('overloaded')).toBeGreaterThan(0);
  expect(ofBusy.accepted.length).toBeGreaterThan(0);
  expect(maxSeenMb).toBeLessThan(maxRssMb);
  expect(probes).toBeGreaterThan(0);

  // It stands, and says so.
  expect((await fetch(`${place.apiUrl}/readyz`)).status).toBe(200);
  const ids = [...ofBusy.accepted, ...ofBig.accepted];
  expect(new Set(ids).size).toBe(ids.length);
  const open = `select id from job where not terminal`;
  await poll({
    what: 'every accepted job has ended',
    look: async () =>
      (await Promise.all([busy, big].map((each) => runSql(place.databaseUrl, open, each.tenantId)))).flat(),
    isDone: (rows) => rows.length === 0,
    timeoutMs: drainMs,
  });
  const stored = await runSql(place.databaseUrl, 'select id, state, possible_duplicate from job', busy.tenantId);
  const known = new Set(stored.map(({ id }) => id));
  expect(ofBusy.accepted.filter((id) => !known.has(id))).toEqual([]);
  expect(stored.filter(({ state }) => !['accepted', 'sent', 'delivered', 'read'].includes(String(state)))).toEqual([]);
  const unmarked = stored.filter(({ possible_duplicate: isMarked }) => isMarked === false).map(({ id }) => String(id));
  expect(unmarked.filter((id) => place.kernel.sends.countSends(id) !== 1)).toEqual([]);
}, 400_000);
