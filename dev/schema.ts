// `npm run schema`: writes src/store/schema.sql anew, from a Postgres of its own with the migrations as they are.
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { migrate } from '../src/store/migrator.ts';
import { clearPlace } from './postgres-place.ts';
import { startPostgres } from './postgres-server.ts';
import { describeSchema } from './schema-text.ts';

const dataDir = await mkdtemp(join(tmpdir(), 'waypost-schema-'));
const postgres = await startPostgres({ dataDir, log: (line) => process.stderr.write(`${line}\n`) });
try {
  await migrate({ connectionString: postgres.url });
  const client = new pg.Client({ connectionString: postgres.url });
  await client.connect();
  await writeFile(new URL('../src/store/schema.sql', import.meta.url), await describeSchema(client));
  await client.end();
} finally {
  await postgres.stop();
  await clearPlace(dataDir);
}
