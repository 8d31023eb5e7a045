import { readConfig } from './config.ts';
import { runDoor } from './door.ts';
import { migrate } from './store/migrator.ts';

await runDoor('migrate', async () => {
  const config = readConfig();
  const result = await migrate({ connectionString: config.databaseUrl });
  const count = result.applied.length;
  process.stdout.write(`schema ${result.version}: ${count === 0 ? 'nothing to do' : `${count} migrations applied`}\n`);
});
