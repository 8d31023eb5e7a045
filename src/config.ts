import { readFileSync } from 'node:fs';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { z } from 'zod';
import { maxPageMessages, type QueueName, queueNames, type Slots } from './contracts/workflows.ts';

/** A mistake in the environment, told in one sentence that names the variable. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

const flag = z.enum(['true', 'false']).transform((text) => text === 'true');
const port = z.coerce.number().int().min(1).max(65_535);
const cidr = z.union([z.cidrv4(), z.cidrv6()]);
const httpUrl = z.url({ protocol: /^https?$/ }).transform((text) => text.replace(/\/+$/, ''));

const slotCount = z.coerce.number().int().min(1).max(1_000);
const slotsByQueue = z.strictObject({ workflows: slotCount, sends: slotCount, relays: slotCount }).partial();

const defaultMetricsPort = 9_464;

const environment = z.object({
  DATABASE_URL: z.string().regex(/^postgres(ql)?:\/\//, 'must be a postgres:// URL'),
  DATABASE_APP_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//, 'must be a postgres:// URL')
    .optional(),
  TEMPORAL_ADDRESS: z.string().default('localhost:7233'),
  TEMPORAL_NAMESPACE: z.string().min(1).default('default'),
  TEMPORAL_UI_URL: httpUrl.default('http://localhost:8233'),
  WAYPOST_HOST: z.string().min(1).default('127.0.0.1'),
  WAYPOST_PORT: port.default(8080),
  PUBLIC_URL: httpUrl.optional(),
  WAYPOST_ADMIN_KEY: z.string().min(16, 'must have at least 16 characters'),
  WAYPOST_ENCRYPTION_KEYS: z.string().transform(readKeys),
  WAYPOST_ALLOW_HTTP: flag.default(false),
  WAYPOST_ALLOW_NETWORKS: z
    .string()
    .default('')
    .transform((text) =>
      text
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== ''),
    )
    .refine((networks) => networks.every((text) => cidr.safeParse(text).success), {
      message: 'must be networks in CIDR notation, such as 10.0.0.0/8, several separated by commas',
    }),
  WAYPOST_METRICS_PORT: port.optional(),
  WAYPOST_MAX_WAITING_JOBS: z.coerce.number().int().min(1).max(1_000_000).default(100_000),
  WAYPOST_QUEUES: z.string().default('all').transform(readQueues),
  WAYPOST_SLOTS: z.string().default('').transform(readSlots),
  WAYPOST_BUILD_ID: z
    .string()
    .regex(/^[A-Za-z0-9._+-]{1,100}$/, 'must be 1 to 100 letters, digits, dots, hyphens, underscores or plus signs')
    .optional(),
  WAYPOST_MESSAGES_PER_WORKFLOW: z.coerce.number().int().min(1).max(maxPageMessages).default(50),
  WAYPOST_RETENTION_DAYS: z.coerce.number().int().min(1).max(3_650).default(30),
  WAYPOST_AUTO_MIGRATE: flag.default(true),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
});

/** Each may be read from a file instead: `<name>_FILE` is its path, as container platforms mount secrets. */
const secretNames = ['DATABASE_URL', 'DATABASE_APP_URL', 'WAYPOST_ADMIN_KEY', 'WAYPOST_ENCRYPTION_KEYS'];
const fileSuffix = '_FILE';
/** What the command line reads; a server may have them set beside its own. */
const callerNames = ['WAYPOST_URL', 'WAYPOST_API_KEY', 'WAYPOST_TENANT'];

/** Where the command line finds the api, and as whom; null = not set. */
export function readCallerSettings(env: Readonly<Record<string, string | undefined>> = process.env) {
  const read = (name: string) => (env[name] === undefined || env[name] === '' ? null : env[name]);
  return { url: read('WAYPOST_URL'), apiKey: read('WAYPOST_API_KEY'), tenantId: read('WAYPOST_TENANT') };
}

/** Whether anything of a server's own is set here: a caller's machine has none of it. */
export function hasServerSettings(env: Readonly<Record<string, string | undefined>> = process.env): boolean {
  return [...secretNames, ...secretNames.map((name) => `${name}${fileSuffix}`)].some(
    (name) => (env[name] ?? '') !== '',
  );
}

export interface Config {
  readonly databaseUrl: string;
  readonly databaseAppUrl: string;
  readonly temporalNamespace: string;
  readonly temporalAddress: string;
  readonly temporalConnection: ReturnType<typeof loadClientConnectConfig>['connectionOptions'];
  readonly temporalUiUrl: string;
  readonly host: string;
  readonly port: number;
  readonly publicUrl: string;
  readonly adminKey: string;
  readonly encryptionKeys: readonly { readonly id: string; readonly key: Uint8Array }[];
  readonly allowHttp: boolean;
  readonly allowNetworks: readonly string[];
  /** Where a worker answers probes and shows its figures. */
  readonly metricsPort: number;
  /** Where an api shows its figures; null = among its routes. */
  readonly apiMetricsPort: number | null;
  /** Due and unstarted jobs of one tenant, above which it is refused more. */
  readonly maxWaitingJobs: number;
  readonly messagesPerWorkflow: number;
  /** What a worker serves. */
  readonly queues: readonly QueueName[];
  readonly slots: Slots;
  /** The version of a worker in its Temporal Worker Deployment; null = it takes part in none. */
  readonly buildId: string | null;
  readonly retentionDays: number;
  readonly isAutoMigrated: boolean;
  readonly logLevel: z.infer<typeof environment>['LOG_LEVEL'];
}

/** Reads the whole configuration once; throws `ConfigError`. An unknown WAYPOST_ variable is a mistake too. */
export function readConfig(env: Readonly<Record<string, string | undefined>> = process.env): Config {
  const given = readSecretFiles(
    Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== '')),
  );
  for (const name of Object.keys(given)) {
    if (name.startsWith('WAYPOST_') && !(name in environment.shape) && !callerNames.includes(name)) {
      throw new ConfigError(`${name} is not a variable that Waypost knows.`);
    }
  }
  const parsed = environment.safeParse(given);
  if (!parsed.success) throw new ConfigError(describeMistake(parsed.error, given));
  const values = parsed.data;
  const temporal = readTemporal();
  return Object.freeze({
    databaseUrl: values.DATABASE_URL,
    databaseAppUrl: values.DATABASE_APP_URL ?? values.DATABASE_URL,
    temporalNamespace: temporal.namespace ?? values.TEMPORAL_NAMESPACE,
    temporalAddress: temporal.connectionOptions.address ?? values.TEMPORAL_ADDRESS,
    temporalConnection: {
      ...temporal.connectionOptions,
      address: temporal.connectionOptions.address ?? values.TEMPORAL_ADDRESS,
    },
    temporalUiUrl: values.TEMPORAL_UI_URL,
    host: values.WAYPOST_HOST,
    port: values.WAYPOST_PORT,
    publicUrl: values.PUBLIC_URL ?? `http://${urlHost(values.WAYPOST_HOST)}:${values.WAYPOST_PORT}`,
    adminKey: values.WAYPOST_ADMIN_KEY,
    encryptionKeys: values.WAYPOST_ENCRYPTION_KEYS,
    allowHttp: values.WAYPOST_ALLOW_HTTP,
    allowNetworks: values.WAYPOST_ALLOW_NETWORKS,
    metricsPort: values.WAYPOST_METRICS_PORT ?? defaultMetricsPort,
    apiMetricsPort: values.WAYPOST_METRICS_PORT ?? null,
    maxWaitingJobs: values.WAYPOST_MAX_WAITING_JOBS,
    messagesPerWorkflow: values.WAYPOST_MESSAGES_PER_WORKFLOW,
    queues: values.WAYPOST_QUEUES,
    slots: values.WAYPOST_SLOTS,
    buildId: values.WAYPOST_BUILD_ID ?? null,
    retentionDays: values.WAYPOST_RETENTION_DAYS,
    isAutoMigrated: values.WAYPOST_AUTO_MIGRATE,
    logLevel: values.LOG_LEVEL,
  });
}

function readSecretFiles(given: Readonly<Record<string, string | undefined>>): Record<string, string | undefined> {
  const values = { ...given };
  for (const name of secretNames) {
    const path = given[`${name}${fileSuffix}`];
    if (path === undefined) continue;
    if (name in given) throw new ConfigError(`${name} and ${name}${fileSuffix} are both set; one of them is enough.`);
    delete values[`${name}${fileSuffix}`];
    values[name] = readSecretFile(`${name}${fileSuffix}`, path);
  }
  return values;
}

/** Without the line break that editors leave at its end. */
function readSecretFile(variable: string, path: string): string {
  let text: string;
  try {
    text = readFileSync(path, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
    throw new ConfigError(`${variable} names a file that cannot be read${code}.`);
  }
  if (text === '') throw new ConfigError(`${variable} names a file that is empty.`);
  return text;
}

/** Names of every variable that is read here, for the documents and the deployment's own tests. */
export const variableNames: readonly string[] = Object.keys(environment.shape);

function readTemporal() {
  try {
    return loadClientConnectConfig();
  } catch (error) {
    throw new ConfigError(
      `The TEMPORAL_ variables cannot be used: ${error instanceof Error ? error.message : String(error)}.`,
    );
  }
}

function readKeys(text: string, context: z.RefinementCtx): { id: string; key: Uint8Array }[] {
  const keys = text.split(',').map((entry) => {
    const [id = '', encoded = ''] = entry.trim().split(/:(.*)/s);
    return { id, key: Buffer.from(encoded, 'base64') };
  });
  if (keys.some(({ id, key }) => !/^[A-Za-z0-9_-]{1,32}$/.test(id) || key.length !== 32)) {
    context.addIssue({ code: 'custom', message: 'must be id:base64 of 32 bytes, several separated by commas' });
  } else if (new Set(keys.map(({ id }) => id)).size !== keys.length) {
    context.addIssue({ code: 'custom', message: 'names one key id twice' });
  }
  return keys;
}

function readQueues(text: string, context: z.RefinementCtx): readonly QueueName[] {
  if (text === 'all') return queueNames;
  const names = new Set(text.split(',').map((name) => name.trim()));
  const known = queueNames.filter((name) => names.has(name));
  if (known.length !== names.size) {
    const message = `must be all, or some of ${queueNames.join(', ')}, separated by commas`;
    context.addIssue({ code: 'custom', message });
  }
  return known;
}

/** A number for every queue, or one for each that is named. */
function readSlots(text: string, context: z.RefinementCtx): Slots {
  if (text === '') return {};
  const entries = text.includes('=')
    ? text.split(',').map((part) => {
        const [name = '', count = ''] = part.trim().split('=');
        return [name, count];
      })
    : queueNames.map((name) => [name, text]);
  const parsed = slotsByQueue.safeParse(Object.fromEntries(entries));
  if (parsed.success) return parsed.data;
  const message = 'must be a number of 1 to 1000, or one for each queue, such as sends=50,relays=10';
  context.addIssue({ code: 'custom', message });
  return {};
}

function describeMistake(error: z.ZodError, given: Readonly<Record<string, unknown>>): string {
  const issue = error.issues[0];
  const name = String(issue?.path[0] ?? 'The environment');
  if (!(name in given)) return `${name} is required and is not set.`;
  return `${name} is not usable: it ${asPredicate(issue?.message ?? 'is invalid')}.`;
}

function asPredicate(message: string): string {
  return /^(must|names)/.test(message) ? message : `is not valid (${message})`;
}

/** An address to listen on is not always one to call. */
function urlHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}
