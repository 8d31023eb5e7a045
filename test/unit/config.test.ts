import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigError, hasServerSettings, readCallerSettings, readConfig, variableNames } from '../../src/config.ts';

const key = (fill: number) => Buffer.alloc(32, fill).toString('base64');
const least = {
  DATABASE_URL: 'postgres://owner@localhost/waypost',
  WAYPOST_ADMIN_KEY: 'an-admin-key-for-tests',
  WAYPOST_ENCRYPTION_KEYS: `k1:${key(1)}`,
};

function mistakeOf(env: Readonly<Record<string, string | undefined>>): string {
  try {
    readConfig({ ...least, ...env });
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return 'no mistake';
}

describe('readConfig', () => {
  it('needs three variables, and has a default for the rest', () => {
    const config = readConfig(least);
    expect(config).toMatchObject({
      databaseUrl: least.DATABASE_URL,
      databaseAppUrl: least.DATABASE_URL,
      host: '127.0.0.1',
      port: 8_080,
      publicUrl: 'http://127.0.0.1:8080',
      allowHttp: false,
      allowNetworks: [],
      metricsPort: 9_464,
      apiMetricsPort: null,
      maxWaitingJobs: 100_000,
      retentionDays: 30,
      queues: ['workflows', 'sends', 'relays'],
      slots: {},
      buildId: null,
      isAutoMigrated: true,
      logLevel: 'info',
    });
    expect(config.encryptionKeys.map(({ id }) => id)).toEqual(['k1']);
    expect(Object.isFrozen(config)).toBe(true);
  });

  it('takes the port of figures for an api only where it is set', () => {
    expect(readConfig({ ...least, WAYPOST_METRICS_PORT: '9999' })).toMatchObject({
      metricsPort: 9_999,
      apiMetricsPort: 9_999,
    });
  });

  it.each(Object.keys(least))('says that %s is missing, and takes an empty one as missing', (name) => {
    expect(mistakeOf({ [name]: undefined })).toBe(`${name} is required and is not set.`);
    expect(mistakeOf({ [name]: '' })).toBe(`${name} is required and is not set.`);
  });

  it.each([
    ['DATABASE_URL', 'mysql://localhost/waypost'],
    ['DATABASE_APP_URL', 'localhost'],
    ['TEMPORAL_UI_URL', 'ftp://localhost'],
    ['PUBLIC_URL', 'waypost.test'],
    ['WAYPOST_PORT', '0'],
    ['WAYPOST_PORT', '70000'],
    ['WAYPOST_PORT', 'eighty'],
    ['WAYPOST_METRICS_PORT', '1.5'],
    ['WAYPOST_MAX_WAITING_JOBS', '0'],
    ['WAYPOST_ADMIN_KEY', 'short'],
    ['WAYPOST_ENCRYPTION_KEYS', 'no-colon'],
    ['WAYPOST_ENCRYPTION_KEYS', `k1:${key(1).slice(4)}`],
    ['WAYPOST_ENCRYPTION_KEYS', `k1:${key(1)},`],
    ['WAYPOST_ENCRYPTION_KEYS', `k 1:${key(1)}`],
    ['WAYPOST_ENCRYPTION_KEYS', `k1:${key(1)},k1:${key(2)}`],
    ['WAYPOST_ALLOW_HTTP', 'yes'],
    ['WAYPOST_AUTO_MIGRATE', '1'],
    ['WAYPOST_RETENTION_DAYS', '0'],
    ['WAYPOST_BUILD_ID', '1.0 beta'],
    ['WAYPOST_QUEUES', 'sends,mails'],
    ['WAYPOST_QUEUES', 'sends,'],
    ['WAYPOST_SLOTS', '0'],
    ['WAYPOST_SLOTS', 'many'],
    ['WAYPOST_SLOTS', 'sends=50,relays'],
    ['WAYPOST_SLOTS', 'sends=50,relays='],
    ['WAYPOST_SLOTS', 'sends=50,mails=5'],
    ['LOG_LEVEL', 'loud'],
  ])('tells in one sentence that %s cannot be %s', (name, value) => {
    const mistake = mistakeOf({ [name]: value });
    expect(mistake.startsWith(`${name} is not usable: it `)).toBe(true);
    expect(mistake.endsWith('.')).toBe(true);
    expect(mistake).not.toContain('\n');
  });

  it.each(['WAYPOST_PROT', 'WAYPOST_', 'WAYPOST_constructor'])('knows no %s', (name) => {
    expect(mistakeOf({ [name]: 'x' })).toBe(`${name} is not a variable that Waypost knows.`);
  });

  it('shows no secret in its sentences', () => {
    const secret = 'hunter2-hunter2';
    expect(mistakeOf({ WAYPOST_ADMIN_KEY: secret })).not.toContain(secret);
    expect(mistakeOf({ WAYPOST_ENCRYPTION_KEYS: `k1:${secret}` })).not.toContain(secret);
    expect(mistakeOf({ DATABASE_URL: `mysql://owner:${secret}@localhost` })).not.toContain(secret);
  });

  it('reads several keys in their order, networks as a list, and URLs without a closing slash', () => {
    const config = readConfig({
      ...least,
      WAYPOST_ENCRYPTION_KEYS: `k2:${key(2)}, k1:${key(1)}`,
      WAYPOST_ALLOW_NETWORKS: '10.0.0.0/8, ::1/128,',
      PUBLIC_URL: 'https://waypost.test/',
    });
    expect(config.encryptionKeys.map(({ id }) => id)).toEqual(['k2', 'k1']);
    expect(config.allowNetworks).toEqual(['10.0.0.0/8', '::1/128']);
    expect(config.publicUrl).toBe('https://waypost.test');
  });

  it.each([
    [{ WAYPOST_QUEUES: 'relays, sends' }, { queues: ['sends', 'relays'], slots: {} }],
    [{ WAYPOST_SLOTS: '20' }, { slots: { workflows: 20, sends: 20, relays: 20 } }],
    [{ WAYPOST_SLOTS: 'sends=50, relays=10' }, { slots: { sends: 50, relays: 10 } }],
  ])('shapes a worker by %o', (env, expected) => {
    expect(readConfig({ ...least, ...env })).toMatchObject(expected);
  });

  it.each([
    ['0.0.0.0', 'http://localhost:8080'],
    ['::', 'http://localhost:8080'],
    ['::1', 'http://[::1]:8080'],
    ['10.1.2.3', 'http://10.1.2.3:8080'],
  ])('listening on %s is called by %s', (host, url) => {
    expect(readConfig({ ...least, WAYPOST_HOST: host }).publicUrl).toBe(url);
  });

  it('reads secrets from files', () => {
    const home = mkdtempSync(join(tmpdir(), 'waypost-config-'));
    const file = (name: string, text: string) => {
      writeFileSync(join(home, name), text);
      return join(home, name);
    };
    try {
      const { WAYPOST_ADMIN_KEY: adminKey, ...rest } = least;
      const path = file('admin-key', `${adminKey}\n`);
      expect(readConfig({ ...rest, WAYPOST_ADMIN_KEY_FILE: path }).adminKey).toBe(adminKey);
      expect(mistakeOf({ WAYPOST_ADMIN_KEY_FILE: path })).toBe(
        'WAYPOST_ADMIN_KEY and WAYPOST_ADMIN_KEY_FILE are both set; one of them is enough.',
      );
      const without = { WAYPOST_ADMIN_KEY: undefined };
      expect(mistakeOf({ ...without, WAYPOST_ADMIN_KEY_FILE: file('empty', '\n') })).toContain('is empty');
      expect(mistakeOf({ ...without, WAYPOST_ADMIN_KEY_FILE: join(home, 'none') })).toBe(
        'WAYPOST_ADMIN_KEY_FILE names a file that cannot be read (ENOENT).',
      );
      expect(mistakeOf({ WAYPOST_PORT_FILE: path })).toContain('WAYPOST_PORT_FILE is not a variable');
    } finally {
      rmSync(home, { recursive: true });
    }
  });

  it('lists every variable that it reads', () => {
    expect(variableNames).toContain('WAYPOST_AUTO_MIGRATE');
    expect(variableNames.filter((name) => name.startsWith('WAYPOST_')).length).toBeGreaterThan(5);
  });
});

describe('the settings of the command line', () => {
  const caller = { WAYPOST_URL: 'http://api', WAYPOST_API_KEY: 'wp_x', WAYPOST_TENANT: '' };

  it('may stand beside those of a server, and say by themselves nothing of one', () => {
    expect(readConfig({ ...least, ...caller })).toMatchObject({ port: 8080 });
    expect(readCallerSettings(caller)).toEqual({ url: 'http://api', apiKey: 'wp_x', tenantId: null });
    expect([hasServerSettings(caller), hasServerSettings({ DATABASE_URL_FILE: '/x' })]).toEqual([false, true]);
  });
});
