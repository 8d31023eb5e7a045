import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { VERSION } from '../../dev/temporal-on-postgres.ts';
import { readConfig, variableNames } from '../../src/config.ts';
import { readComposeFile, readInterpolations } from './compose-file.ts';
import { readText, repositoryRoot } from './source-files.ts';

const { services, networks, volumes } = readComposeFile();
const named = Object.entries(services);
const own = named.filter(([, { build }]) => build !== undefined);
const once = named.filter(([, { restart }]) => restart.startsWith('on-failure'));
// The cast holds for any package.json of ours: npm refuses one without a version.
const { version } = JSON.parse(readText('package.json')) as { version: string };

describe('docker-compose.yml', () => {
  it('runs Waypost in three processes, from one image of this version', () => {
    expect(own.map(([name]) => name)).toEqual(['migrate', 'api', 'worker']);
    for (const [, { image }] of own) expect(image).toBe(`waypost:${version}`);
  });

  it('pins every image to a version, the same for the parts of Temporal that belong together', () => {
    for (const [, { image }] of named) expect(image).toMatch(/^[\w/-]+:\d+\.\d+(\.\d+)?$/);
    const tag = (name: string): string | undefined => services[name]?.image.split(':')[1];
    expect(tag('temporal-schema')).toBe(tag('temporal'));
    expect(tag('temporal-namespace')).toBe(tag('temporal'));
    // Compose had 1.31.2 while everything was tried on 1.32.0.
    expect(tag('temporal')).toBe(VERSION);
  });

  it('checks the health of everything that keeps running, and restarts it', () => {
    const unchecked = named.filter(([, { healthcheck }]) => healthcheck === undefined || 'disable' in healthcheck);
    expect(unchecked.map(([name]) => name).sort()).toEqual(once.map(([name]) => name).sort());
    expect(once.map(([name]) => name).sort()).toEqual(['migrate', 'temporal-namespace', 'temporal-schema']);
  });

  it('waits for health where there is a check, and for success where a service ends', () => {
    const ending = new Set(once.map(([name]) => name));
    for (const [name, { depends_on = {} }] of named) {
      for (const [other, { condition }] of Object.entries(depends_on)) {
        expect(services[other], `${name} needs ${other}`).toBeDefined();
        expect([name, other, condition]).toEqual([
          name,
          other,
          ending.has(other) ? 'service_completed_successfully' : 'service_healthy',
        ]);
      }
    }
    const needs = ['migrate', 'postgres', 'temporal', 'temporal-namespace'];
    expect(Object.keys(services['api']?.depends_on ?? {}).sort()).toEqual(needs);
    expect(Object.keys(services['worker']?.depends_on ?? {}).sort()).toEqual(needs);
  });

  it('can run any number of workers: no port of the machine and no fixed name', () => {
    expect(services['worker']?.ports).toBeUndefined();
    expect(readText('docker-compose.yml')).not.toContain('container_name');
  });

  it('publishes ports on the loopback of the machine only, and none of the database or of Temporal', () => {
    const published = named.flatMap(([, { ports = [] }]) => ports);
    expect(published).not.toEqual([]);
    for (const port of published) expect(port).toMatch(/^127\.0\.0\.1:/);
    expect([services['postgres']?.ports, services['temporal']?.ports]).toEqual([undefined, undefined]);
    expect([services['postgres']?.networks, services['temporal']?.networks]).toEqual([['inside'], ['inside']]);
    expect(networks['inside']?.internal).toBe(true);
  });

  it('gives our processes no more than they need', () => {
    for (const [, process] of own) {
      expect(process).toMatchObject({ read_only: true, init: true, user: '1000:1000', cap_drop: ['ALL'] });
    }
    for (const [, { security_opt: options }] of named) expect(options).toEqual(['no-new-privileges:true']);
  });

  it('names only networks, volumes and files that exist', () => {
    for (const [, service] of named) {
      expect(Object.keys(networks)).toEqual(expect.arrayContaining(service.networks));
      for (const source of (service.volumes ?? []).map((volume) => volume.split(':')[0] ?? '')) {
        const isThere = source.startsWith('.') ? existsSync(join(repositoryRoot, source)) : source in volumes;
        expect([source, isThere]).toEqual([source, true]);
      }
    }
    expect(existsSync(join(repositoryRoot, 'deploy/check-health.mjs'))).toBe(true);
  });
});

describe('the variables of docker-compose.yml', () => {
  const secret = Buffer.alloc(32).toString('base64');
  const filledIn = (text: string): string =>
    text.replaceAll(/\$\{(\w+):([-?])([^}]*)\}/g, (_match, name: string, operator: string, rest: string) => {
      if (operator === '-') return rest;
      if (name === 'PUBLIC_URL') return 'https://waypost.example';
      return name === 'WAYPOST_ENCRYPTION_KEYS' ? `k1:${secret}` : secret.slice(0, 20);
    });

  it.each(['migrate', 'api', 'worker'])('are all known to the %s process, which starts with them', (name) => {
    const environment = Object.entries(services[name]?.environment ?? {});
    expect(variableNames).toEqual(expect.arrayContaining(environment.map(([variable]) => variable)));
    const values = environment.flatMap(([variable, text]) =>
      text === null ? [] : [[variable, filledIn(text)] as const],
    );
    expect(readConfig(Object.fromEntries(values))).toMatchObject({
      databaseUrl: expect.stringMatching(/^postgres:\/\/waypost:[^$]+@postgres:5432\/waypost$/),
      temporalAddress: 'temporal:7233',
      publicUrl: 'https://waypost.example',
      host: '0.0.0.0',
      port: 8080,
      metricsPort: 9464,
      isAutoMigrated: false,
    });
  });

  it('are all explained in .env.example: the required empty, the others with the very default', () => {
    const lines = readText('.env.example').split('\n');
    const explained = lines.flatMap((line) => {
      const match = /^(#?)([A-Z_]+)=(.*)$/.exec(line);
      return match === null ? [] : [`${match[2]}: ${match[1] === '' ? 'required' : `"${match[3]}"`}`];
    });
    const used = readInterpolations().map(
      ({ name, fallback, isRequired }) => `${name}: ${isRequired ? 'required' : `"${fallback ?? ''}"`}`,
    );
    expect(explained.sort()).toEqual([...new Set(used)].sort());
  });

  it('hold secrets only as variables, each refused with a sentence when it is missing', () => {
    const secrets = named.flatMap(([, { environment = {} }]) =>
      Object.entries(environment).filter(([name]) => /PASSWORD|PWD|_KEYS?$|DATABASE_URL/.test(name)),
    );
    expect(secrets).not.toEqual([]);
    for (const [name, value] of secrets)
      expect([name, value]).toEqual([name, expect.stringMatching(/\$\{\w+:\?set \w+ in \.env, .+\}/)]);
  });
});

describe('Dockerfile', () => {
  const dockerfile = readText('Dockerfile');

  it('builds on the oldest Node line that is supported, on glibc, and runs as a numbered user other than root', () => {
    const bases = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, base]) => base);
    expect(bases).toEqual(['node:20-bookworm-slim', 'node:20-bookworm-slim']);
    expect(dockerfile).toMatch(/^USER 1000:1000$/m);
    expect(dockerfile).toMatch(/^STOPSIGNAL SIGTERM$/m);
    expect(dockerfile).toMatch(/^HEALTHCHECK /m);
  });

  it('copies from the context only what .dockerignore lets through, and what is there', () => {
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, paths = '']) =>
      paths.split(' '),
    );
    const allowed = readText('.dockerignore')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1));
    expect(copied).not.toEqual([]);
    expect(allowed).toEqual(expect.arrayContaining(copied));
    expect(copied.filter((path) => !existsSync(join(repositoryRoot, path)))).toEqual([]);
  });
});
