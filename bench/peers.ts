import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { installState } from '../dev/freshness.mjs';
import type { PeerName } from './arguments.ts';
import { forkProcess, projectDir } from './processes.ts';
import type { BenchServers } from './servers.ts';
import type { Sink } from './sink.ts';
import { createHttpSubject, type HttpSubject } from './subjects.ts';

const peersDir = join(projectDir, 'bench', 'peers');

type PeerWord =
  | { readonly kind: 'listening'; readonly port: number }
  | { readonly kind: 'rows'; readonly byState: Readonly<Record<string, number>> };

export interface Peer {
  readonly subject: HttpSubject;
  /** Its messages by state. */
  countRows(): Promise<Readonly<Record<string, number>>>;
  stop(): Promise<void>;
}

/** Installs what the peers need, which is no part of the product, unless it is there; no package's script is run. */
export function installPeers(log: (line: string) => void): void {
  const { stamp, stampFile, isCurrent } = installState(peersDir);
  if (isCurrent) return;
  log('installing the peers (npm ci in bench/peers)…');
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const { status } = spawnSync('npm', args, { cwd: peersDir, stdio: ['ignore', 2, 2] });
  if (status !== 0)
    throw new Error('The peers could not be installed (the reasons are above); --peers none goes without.');
  writeFileSync(stampFile, stamp);
}

/** A peer as a process of its own, on an empty database of its own in the same cluster; it runs only while it is measured. */
export async function openPeer(name: PeerName, { stack, environment, pids }: BenchServers, sink: Sink): Promise<Peer> {
  const database = `bench_${name.replace('-', '_')}`;
  const client = new pg.Client({ connectionString: stack.databaseUrl });
  await client.connect();
  await client.query(`drop database if exists ${database} with (force)`);
  await client.query(`create database ${database}`);
  await client.end();
  const databaseUrl = new URL(stack.databaseUrl);
  databaseUrl.pathname = `/${database}`;
  const appSecret = randomBytes(18).toString('base64url');
  const child = forkProcess<object, PeerWord>(name, join(peersDir, `${name}.mjs`), {
    ...environment,
    DATABASE_URL: databaseUrl.href,
    PEER_SINK_URL: sink.urlOf(name),
    PEER_APP_SECRET: appSecret,
    // Deprecations inside what a peer is made of are not ours to hear of.
    NODE_NO_WARNINGS: '1',
  });
  const { port } = await child.waitFor((word) => word.kind === 'listening');
  const url = `http://127.0.0.1:${port}`;
  sink.callBack(name, { callbackUrl: `${url}/callbacks`, appSecret, statuses: ['delivered'] });
  const watched = { peer: child.pid, postgres: pids['postgres'] ?? null };
  const subject = createHttpSubject({ name, url, sink, watched, tenant: null });
  return {
    subject,
    async countRows() {
      const counted = child.waitFor((word) => word.kind === 'rows');
      child.order({ kind: 'rows' });
      return (await counted).byState;
    },
    async stop() {
      await subject.stop();
      await child.stop();
    },
  };
}
