import { createHash, createHmac, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

const projectDir = dirname(dirname(fileURLToPath(import.meta.url)));

/** Holds the logs of the product and what is kept from run to run. */
export const demoDir = join(projectDir, '.cache', 'demo');

const stateSchema = z.object({
  adminKey: z.string(),
  encryptionKeys: z.string(),
  integrationSecret: z.string(),
  /** Null until they have been made through the API. */
  tenant: z.object({ id: z.string(), apiKey: z.string() }).nullable(),
  channelId: z.string().nullable(),
});
export type DemoState = z.infer<typeof stateSchema>;

export interface StateFile {
  readonly state: DemoState;
  /** Keeps the changes for the next run; readable by its owner only. */
  save(changes: Partial<DemoState>): void;
}

/**
 * What earlier runs left, or new keys. With DATABASE_URL the file is that database's own, and `fresh` forgets only the
 * tenant: the data there stays, and without its keys nobody could read it any more.
 */
export function openState(databaseUrl: string | undefined, fresh: boolean): StateFile {
  const file = stateFileOf(databaseUrl);
  const isForeign = Boolean(databaseUrl);
  const kept = existsSync(file) && (isForeign || !fresh) ? readState(file) : null;
  let state = kept ?? makeState();
  if (fresh) state = { ...state, tenant: null, channelId: null };
  return {
    get state() {
      return state;
    },
    save(changes) {
      state = { ...state, ...changes };
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, JSON.stringify(state, null, 2), { mode: 0o600 });
    },
  };
}

function stateFileOf(databaseUrl: string | undefined): string {
  if (!databaseUrl) return join(demoDir, 'state.json');
  const name = createHash('sha256').update(databaseUrl).digest('hex').slice(0, 12);
  // Beside the demo's folder, which a fresh start removes.
  return join(dirname(demoDir), `demo-database-${name}.json`);
}

function readState(file: string): DemoState {
  const parsed = stateSchema.safeParse(JSON.parse(readFileSync(file, 'utf8')));
  if (parsed.success) return parsed.data;
  throw new Error(`${file} is not what the demo wrote: remove it, or run with --fresh.`);
}

function makeState(): DemoState {
  return {
    adminKey: `wp_admin_${randomBytes(24).toString('base64url')}`,
    encryptionKeys: `demo:${randomBytes(32).toString('base64')}`,
    integrationSecret: `whsec_${randomBytes(24).toString('base64')}`,
    tenant: null,
    channelId: null,
  };
}

/** Where the Temporal Web UI has payloads decrypted; the path is a secret made from the admin key. */
export function codecEndpointOf(publicUrl: string, adminKey: string): string {
  const capability = createHmac('sha256', adminKey).update('waypost temporal codec').digest('base64url');
  return `${publicUrl}/codec/${capability}`;
}
