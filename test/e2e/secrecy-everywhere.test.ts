import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  openMarkedProduct,
  directoryKey,
  integratorKey,
  oauthToken,
  personalMarks,
  privateKeyLine,
  words,
} from '../support/marked-product.ts';
import { poll } from '../support/poll.ts';
import { runSql } from '../support/product-fixture.ts';
import { readBytes } from '../support/read-bytes.ts';

// All doors but those of plain messages, which secrecy.test.ts looks through.
let marked: Awaited<ReturnType<typeof openMarkedProduct>>;
beforeAll(async () => {
  marked = await openMarkedProduct();
});
afterAll(async () => {
  await marked.close();
});

/** Everything that Temporal keeps in this namespace: of each run its history, and what the list and its page show. */
async function readTemporal(jobIds: readonly string[]): Promise<string[]> {
  const { client } = marked.place.temporal;
  const runs = await poll({
    what: 'every workflow is listed and closed',
    async look() {
      const listed = [];
      for await (const each of client.list()) listed.push(each);
      return listed;
    },
    isDone: (listed) =>
      listed.every(({ status }) => status.name !== 'RUNNING') &&
      jobIds.every((id) => listed.some(({ workflowId }) => workflowId === id)),
    timeoutMs: 60_000,
  });
  const types = new Set(runs.map(({ type }) => type));
  const expected = ['deliverMessage', 'deliverPage', 'relayInbound', 'notifyBatch', 'relayDeliveries'];
  expect([...types]).toEqual(expect.arrayContaining(expected));
  return Promise.all(
    runs.map(async ({ workflowId, runId, raw }) => {
      const handle = client.getHandle(workflowId, runId);
      const [history, described] = await Promise.all([handle.fetchHistory(), handle.describe()]);
      return [history, described.raw, raw].map(readBytes).join('\n');
    }),
  );
}

/** What the API shows of all that happened. */
async function readApi(jobIds: readonly string[]): Promise<string[]> {
  const ofJobs = jobIds.flatMap((id) =>
    ['', '/attempts', '/timeline', '/deliveries'].map((part) => `jobs/${id}${part}`),
  );
  const lists = [
    'problems',
    'channels',
    'integrations',
    'webhooks',
    'directory/source',
    'api-keys',
    'events?limit=200',
  ];
  const answers = await Promise.all([...ofJobs, ...lists].map((path) => marked.tenant.call(`GET /v1/${path}`)));
  return answers.map(({ text }) => text);
}

/** Every row of every table as Postgres keeps it. */
async function readTables(): Promise<string[]> {
  const { databaseUrl } = marked.place;
  const tables = await runSql(
    databaseUrl,
    "select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace",
  );
  const rows = await Promise.all(
    tables.map(({ relname }) =>
      runSql(databaseUrl, `select t::text as row from ${String(relname)} t`, marked.tenant.tenantId),
    ),
  );
  return rows.flat().map(({ row }) => String(row));
}

/** Where a mark stands in the texts, with what is around it. */
function findIn(texts: readonly string[], marks: Readonly<Record<string, string>>): string[] {
  return Object.entries(marks).flatMap(([name, mark]) =>
    texts
      .filter((text) => text.includes(mark))
      .map((text) => `${name}: ${text.slice(Math.max(0, text.indexOf(mark) - 80)).slice(0, 160)}`),
  );
}

it('no log, no history and no figure holds what belongs to a user, and nothing at all holds a secret', async () => {
  const { place, processes, tenant, channel } = marked;
  const [webhookSecret = '', newWebhookSecret = ''] = await marked.subscribe();
  const { capability, jobs } = await marked.talk();
  const many = await marked.sendMany();
  const jobIds = [...jobs, await marked.upload(), ...(await marked.notify())];
  await marked.stumble();

  const histories = await readTemporal(jobIds);
  const figures = await Promise.all(processes.map(async ({ url }) => (await fetch(`${url}/metrics`)).text()));
  const hidden = [...processes.map((each) => each.output()), ...histories, ...figures];
  const shown = await readApi(jobIds);
  const { accessToken, appSecret, verifyToken } = channel;
  const secrets = {
    accessToken,
    appSecret,
    verifyToken,
    capability,
    oauthToken,
    directoryKey,
    integratorKey,
    webhookSecret,
    newWebhookSecret,
    privateKeyLine,
    assertion: marked.assertions[0] ?? '',
    integratorSecret: place.integratorSecret,
    tenantKey: tenant.key,
    adminKey: place.adminKey,
    encryptionKey: (place.environment['WAYPOST_ENCRYPTION_KEYS'] ?? '').slice(3),
    databasePassword: new URL(place.databaseUrl).password,
  };
  expect(Object.entries({ ...secrets, ...personalMarks }).filter(([, mark]) => mark.length < 6)).toEqual([]);
  expect(findIn(hidden, { ...secrets, ...personalMarks })).toEqual([]);
  expect(findIn(shown, secrets)).toEqual([]);
  const stored = await readTables();
  expect(findIn(stored, secrets)).toEqual([]);
  expect(many.filter((id) => !stored.some((row) => row.includes(id)))).toEqual([]);
  // The check can fail: the words stand where they may, and every job is told of where they may not.
  expect(findIn(shown, { words }).length).toBeGreaterThan(5);
  expect(jobIds.filter((id) => !processes.some((each) => each.output().includes(id)))).toEqual([]);
});
