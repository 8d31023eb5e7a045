import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { createClient } from '../../src/client/index.ts';
import { examine } from '../../src/command-line/doctor.ts';
import type { Finding } from '../../src/command-line/session.ts';
import { createServerProbes } from '../../src/server-probes.ts';
import { startDocumentServer } from '../support/document-server.ts';
import { dropDatabase } from '../support/drop-database.ts';
import { createMigratedDatabase } from '../support/migrated-database.ts';
import { startOptionDroppingPooler } from '../support/option-dropping-pooler.ts';
import { runSql } from '../support/product-fixture.ts';
import { openNamespace } from '../support/temporal-view.ts';

const name = `waypost_doctor_${randomBytes(6).toString('hex')}`;
const refused = { lastRefusedAt: '2026-03-01T12:00:00.000Z', refused24h: 7, code: 'signature_invalid' };
const well = {
  breaker: 'closed',
  lastSendAt: null,
  lastStatusAt: null,
  callbacks: { lastRefusedAt: null, refused24h: 0, code: null },
};
const channel = { id: 'chn_1', kind: 'whatsapp', name: 'Support', state: 'active', pausedReason: null, health: well };

let env: Record<string, string>;
beforeAll(async () => {
  const serverUrl = inject('databaseUrl');
  const view = await openNamespace(inject('temporalAddress'), name);
  await view.close();
  env = {
    DATABASE_URL: await createMigratedDatabase(serverUrl, name),
    TEMPORAL_ADDRESS: inject('temporalAddress'),
    TEMPORAL_NAMESPACE: name,
    WAYPOST_ADMIN_KEY: 'an-admin-key-for-tests',
    WAYPOST_ENCRYPTION_KEYS: `k1:${randomBytes(32).toString('base64')}`,
  };
});
afterAll(() => dropDatabase(inject('databaseUrl'), name));

interface Mistake {
  readonly env?: Readonly<Record<string, string>>;
  readonly channel?: object;
  readonly channels?: readonly object[];
  readonly url?: string;
  readonly isKeyWrong?: boolean;
}

/** What doctor finds wrong: of the server with these variables, and of an api whose channels are as said. */
async function findWrong(mistake: Mistake = {}): Promise<readonly Finding[]> {
  const channels = mistake.channels ?? [{ ...channel, ...mistake.channel }];
  const api = await startDocumentServer(
    (path, body) => {
      if (path === '/v1/channels') return { data: channels, nextCursor: null };
      return path === '/readyz' ? { status: 'ok', checks: {}, down: [], degraded: [], details: {} } : body;
    },
    mistake.isKeyWrong === true ? ['/v1/me', '/v1/channels'] : [],
  );
  const server = createServerProbes({ ...env, ...mistake.env });
  try {
    const client = createClient({ url: mistake.url ?? api.url, apiKey: 'wp_x', retries: { maxRetries: 0 } });
    return (await examine(client, server)).filter(({ state }) => state === 'wrong');
  } finally {
    await server.close();
    await api.close();
  }
}

describe('doctor', () => {
  it('finds nothing but the missing workers where everything else is well', async () => {
    expect((await findWrong()).map(({ check }) => check)).toEqual(['workers']);
  });

  it.each<[what: string, check: string, detail: RegExp, remedy: RegExp, mistake: Mistake]>([
    ['a variable that is unusable', 'configuration', /^LOG_LEVEL /, /\.env\.example/, { env: { LOG_LEVEL: 'loud' } }],
    ['a variable that is misspelt', 'configuration', /WAYPOST_PROT/, /\.env\.example/, { env: { WAYPOST_PROT: '1' } }],
    [
      'a database that is not there',
      'postgres',
      /./,
      /DATABASE_URL/,
      { env: { DATABASE_URL: 'postgres://x@127.0.0.1:1/x' } },
    ],
    [
      'a Temporal server that is away',
      'temporal',
      /does not answer/,
      /TEMPORAL_ADDRESS/,
      { env: { TEMPORAL_ADDRESS: '127.0.0.1:1' } },
    ],
    [
      'a namespace that is missing',
      'namespace',
      /no namespace nowhere/,
      /namespace create/,
      { env: { TEMPORAL_NAMESPACE: 'nowhere' } },
    ],
    ['an api that is away', 'api', /ECONNREFUSED|bad port/, /WAYPOST_URL/, { url: 'http://127.0.0.1:1' }],
    ['a key that is none', 'key', /401/, /WAYPOST_API_KEY/, { isKeyWrong: true }],
    ['no channel', 'channels', /none/, /channels create/, { channels: [] }],
    [
      'a channel with a wrong token',
      'channel Support',
      /whatsapp_190/,
      /problems show whatsapp_190/,
      { channel: { state: 'paused', pausedReason: { code: 'whatsapp_190', detail: 'Expired.' } } },
    ],
    [
      'a channel that was paused by hand',
      'channel Support',
      /by hand/,
      /channels resume chn_1/,
      { channel: { state: 'paused' } },
    ],
    [
      'a destination that is away',
      'channel Support',
      /cannot be reached/,
      /apiBaseUrl/,
      { channel: { health: { ...well, breaker: 'open' } } },
    ],
    [
      'a wrong app secret',
      'channel Support',
      /^7 callbacks/,
      /appSecret/,
      { channel: { health: { ...well, callbacks: refused } } },
    ],
    [
      'a webhook that is not subscribed',
      'channel Support',
      /no status/,
      /field messages/,
      { channel: { health: { ...well, lastSendAt: 'x' } } },
    ],
  ])('finds %s, and says what to do', async (_what, check, detail, remedy, mistake) => {
    const finding = (await findWrong(mistake)).find((each) => each.check === check);
    expect(finding).toEqual({
      check,
      state: 'wrong',
      detail: expect.stringMatching(detail),
      remedy: expect.stringMatching(remedy),
    });
  });

  it('finds a pooler that drops the runtime role', async () => {
    const pooler = await startOptionDroppingPooler(env['DATABASE_URL'] ?? '');
    const wrong = await findWrong({ env: { DATABASE_URL: pooler.urlOf(env['DATABASE_URL'] ?? '') } });
    pooler.close();
    expect(wrong).toEqual([
      { check: 'role', state: 'wrong', detail: expect.any(String), remedy: expect.stringMatching(/waypost_app/) },
    ]);
  });

  it('finds a schema of another version', async () => {
    const sql = 'delete from schema_migration where name = (select max(name) from schema_migration)';
    await runSql(env['DATABASE_URL'] ?? '', sql);
    expect(await findWrong()).toContainEqual(
      expect.objectContaining({ check: 'schema', remedy: expect.stringMatching(/migrate/) }),
    );
  });
});
