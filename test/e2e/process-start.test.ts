import { createServer, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findFreePorts } from '../../dev/server-process.ts';
import { aMessage, aNumber, type Caller } from '../support/caller.ts';
import { startOldPostgres } from '../support/old-postgres.ts';
import { startOptionDroppingPooler } from '../support/option-dropping-pooler.ts';
import { poll } from '../support/poll.ts';
import { openProduct, type Product } from '../support/product-fixture.ts';
import { type Door, type Environment, runProcess } from '../support/product-process.ts';

let place: Product;
let holder: Server;
let takenPort: string;
let freePort: string;

beforeAll(async () => {
  place = await openProduct({ isEmpty: true });
  holder = createServer();
  const [first = 0, second = 0] = await findFreePorts(2);
  await new Promise<void>((resolve) => {
    holder.listen(first, '127.0.0.1', resolve);
  });
  takenPort = String(first);
  freePort = String(second);
});
afterAll(async () => {
  holder.close();
  await place.close();
});

/** Runs a process that cannot start, and returns the sentence it says of it. */
async function refusal(door: Door, changes: Environment): Promise<string> {
  const { code, stderr } = await runProcess(door, { ...place.environment, ...changes });
  expect(code).toBe(1);
  const lines = stderr.trimEnd().split('\n');
  expect(lines, stderr).toHaveLength(1);
  expect(lines[0]).toMatch(new RegExp(`^${door}: .*\\.$`));
  return lines[0]?.slice(door.length + 2) ?? '';
}

describe('a process that cannot start says why in one sentence, ends with 1', () => {
  const mistakes: readonly [what: string, changes: Environment, sentence: RegExp][] = [
    ['a required variable is missing', { WAYPOST_ADMIN_KEY: '' }, /^WAYPOST_ADMIN_KEY is required and is not set\.$/],
    ['the database is not named', { DATABASE_URL: '' }, /^DATABASE_URL is required and is not set\.$/],
    ['a variable is bad', { WAYPOST_PORT: 'eighty' }, /^WAYPOST_PORT is not usable/],
    ['a key is too short', { WAYPOST_ENCRYPTION_KEYS: 'k1:c2hvcnQ=' }, /^WAYPOST_ENCRYPTION_KEYS is not usable/],
    ['a flag is neither true nor false', { WAYPOST_ALLOW_HTTP: 'yes' }, /^WAYPOST_ALLOW_HTTP is not usable/],
    ['a network is no CIDR', { WAYPOST_ALLOW_NETWORKS: 'everywhere' }, /^WAYPOST_ALLOW_NETWORKS is not usable/],
    [
      'a variable of ours is unknown',
      { WAYPOST_PROT: '8080' },
      /^WAYPOST_PROT is not a variable that Waypost knows\.$/,
    ],
  ];
  it.each(mistakes)('where %s', async (_what, changes, sentence) => {
    expect(await refusal('api', changes)).toMatch(sentence);
  });

  it.each(['api', 'worker'] as const)('where a pooler takes the runtime role away: %s', async (door) => {
    const databaseUrl = place.environment['DATABASE_URL'] ?? '';
    const pooler = await startOptionDroppingPooler(databaseUrl);
    const sentence = await refusal(door, { DATABASE_APP_URL: pooler.urlOf(databaseUrl) });
    pooler.close();
    expect(sentence).toMatch(/^Postgres runs this connection as \w+ and not as waypost_app/);
  });

  it.each(['api', 'worker', 'migrate'] as const)('where Postgres is absent: %s', async (door) => {
    const url = `postgres://nobody:secret@127.0.0.1:${freePort}/none`;
    const sentence = await refusal(door, { DATABASE_URL: url });
    expect(sentence).toMatch(/^Postgres cannot be reached by DATABASE_URL/);
    expect(sentence).not.toContain('secret');
  });

  it('where Postgres is too old', async () => {
    const postgres = await startOldPostgres('140011', '14.11');
    try {
      const sentence = await refusal('migrate', { DATABASE_URL: postgres.url });
      expect(sentence).toBe('Postgres 14.11 is too old: Waypost needs 15 or newer.');
    } finally {
      await postgres.close();
    }
  });

  it('where the port is taken: api', async () => {
    expect(await refusal('api', { WAYPOST_PORT: takenPort })).toContain(takenPort);
  });

  it('where the port for its metrics is taken: worker', async () => {
    expect(await refusal('worker', { WAYPOST_METRICS_PORT: takenPort })).toContain(takenPort);
  });

  it('where Temporal is absent: worker', async () => {
    const sentence = await refusal('worker', {
      TEMPORAL_ADDRESS: `127.0.0.1:${freePort}`,
      WAYPOST_METRICS_PORT: freePort,
    });
    expect(sentence).toMatch(/^Temporal cannot be reached by TEMPORAL_ADDRESS/);
  });
});

describe('migrate', () => {
  it('brings the schema up once, and has nothing to do the second time', async () => {
    const first = await runProcess('migrate', place.environment);
    const second = await runProcess('migrate', place.environment);
    expect([first.code, second.code, second.stderr]).toEqual([0, 0, '']);
    expect(second.stdout).toMatch(/^schema .+: nothing to do\n$/);
  });

  it('is not run by an api that is told so, which then is not ready', async () => {
    const bare = await openProduct({ isEmpty: true });
    try {
      const api = await bare.startApi({ WAYPOST_AUTO_MIGRATE: 'false' });
      const ready = await fetch(`${api.url}/readyz`);
      expect([ready.status, await ready.json()]).toMatchObject([503, { checks: { schema: 'down' } }]);
      expect((await fetch(`${api.url}/livez`)).status).toBe(200);
    } finally {
      await bare.close();
    }
  });
});

describe('WAYPOST_METRICS_PORT', () => {
  it("moves an api's figures from its public port to that one", async () => {
    const [port = 0] = await findFreePorts(1);
    const [apiPort = 0] = await findFreePorts(1);
    const api = await place.startApi({ WAYPOST_PORT: String(apiPort), WAYPOST_METRICS_PORT: String(port) });
    expect((await fetch(`${api.url}/metrics`)).status).toBe(404);
    const figures = await fetch(`http://127.0.0.1:${port}/metrics`);
    expect([figures.status, await figures.text()]).toEqual([
      200,
      expect.stringContaining('waypost_requests_in_flight'),
    ]);
    expect((await fetch(`http://127.0.0.1:${port}/v1/channels`)).status).toBe(404);
    await api.stop();
  });
});

describe('SIGTERM', () => {
  async function startSlowSend(tenant: Caller): Promise<string> {
    const to = aNumber();
    place.kernel.script(to, [{ answer: { delayMs: 2_000 } }]);
    const { id } = await tenant.send({ to });
    await poll({
      what: 'Kernel has the send',
      look: () => place.kernel.sends.countSends(id),
      isDone: (count) => count === 1,
      timeoutMs: 20_000,
    });
    return id;
  }

  it('lets a worker finish the send it is at, and an api the call it is at', async () => {
    const [api, worker] = await Promise.all([place.startApi(), place.startWorker()]);
    const tenant = await place.makeTenant();
    await place.makeChannel(tenant);
    const id = await startSlowSend(tenant);
    const end = await worker.stop();
    expect([end.code, end.stderr]).toEqual([0, '']);
    const job = await tenant.follow(id, ['read']);
    expect([job.attempts, job.possibleDuplicate, place.kernel.sends.countSends(id)]).toEqual([1, false, 1]);

    const calls = Array.from({ length: 20 }, () => tenant.call('POST /v1/messages', { body: aMessage() }));
    const answers = Promise.allSettled(calls);
    await Promise.race(calls);
    const startedMs = performance.now();
    const apiEnd = await api.stop();
    expect([apiEnd.code, apiEnd.stderr]).toEqual([0, '']);
    // It once waited for connections that were kept alive: more than a minute.
    expect(performance.now() - startedMs).toBeLessThan(9_000);
    // What had reached it was answered; a connection that came too late was refused whole.
    const statuses = (await answers).flatMap((each) => (each.status === 'fulfilled' ? [each.value.status] : []));
    expect(new Set(statuses)).toEqual(new Set([202]));
  });
});
