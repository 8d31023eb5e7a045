import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { createCollaborators } from './collaborators.ts';
import { readConfig } from './config.ts';
import { runDoor } from './door.ts';
import { findOldPayloads } from './temporal/old-payloads.ts';
import { rotateKeys } from './usecases/rotate-keys.ts';

const poolSize = 2;
const temporalTimeoutMs = 10_000;

const print = (line: string): void => void process.stdout.write(`${line}\n`);

await runDoor('rotate-keys', async (whenStopped) => {
  const config = readConfig();
  let isStopped = false;
  whenStopped(() => (isStopped = true));
  const { pool, stores, keyRing, clock, http } = await createCollaborators(
    { ...config, isAutoMigrated: false },
    { poolSize },
  );
  const columns = await rotateKeys({ ...stores, keyRing, sleep, isStopped: () => isStopped });
  await http.close();
  await pool.end();
  if (columns === null) throw new Error('It was stopped; run it again to go on.');

  for (const { name, resealed, remaining } of columns) {
    const old = [...remaining].map(([keyId, rows]) => `${rows} of key ${keyId}`);
    print(`${name}: ${resealed} sealed anew, ${old.length === 0 ? 'none' : old.join(', ')} left`);
  }
  if (columns.some(({ remaining }) => remaining.size > 0)) {
    throw new Error(
      `Not everything is sealed with ${keyRing.sealingKeyId}: give all processes that first key, run it again.`,
    );
  }
  print(`Everything in Postgres is sealed with ${keyRing.sealingKeyId}.`);

  const connection = Connection.lazy(config.temporalConnection);
  const old = await findOldPayloads(connection, {
    namespace: config.temporalNamespace,
    before: clock(),
    timeoutMs: temporalTimeoutMs,
  });
  await connection.close();
  if (old === null) {
    print(
      'Temporal cannot be asked: keep the old keys until no workflow is open that started before this one had its key.',
    );
    return;
  }
  const kept = old.retentionDays === null ? 'the retention of the namespace' : `${old.retentionDays} days`;
  print(
    `${old.openWorkflows} workflows are open in Temporal: as long as one of them is, it needs the keys of its time. ` +
      `Histories of ended ones are kept for ${kept}; without their keys they cannot be read, and nothing else needs them.`,
  );
});
