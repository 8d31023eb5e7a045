import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startTemporal, type TemporalServer } from '../../dev/temporal-server.ts';

const cacheDir = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), '.cache');

/**
 * A Temporal server of the file's own, to be ended in a test, or to be loaded: the dev server does one write after the other,
 * so the shared one would keep the workflows of every other file waiting, for tens of seconds.
 */
export async function startOwnTemporal(): Promise<Pick<TemporalServer, 'address' | 'restart' | 'stop'>> {
  // The user's own server, if there is one, is not ours to stop or to load.
  delete process.env['TEMPORAL_ADDRESS'];
  const home = mkdtempSync(join(tmpdir(), 'waypost-temporal-'));
  const server = await startTemporal({ cacheDir, dbFile: join(home, 'temporal.db'), log: () => undefined });
  return {
    address: server.address,
    restart: async (mode) => server.restart(mode),
    async stop() {
      await server.stop();
      await rm(home, { recursive: true, force: true });
    },
  };
}
