import { parse } from 'yaml';
import { z } from 'zod';
import { readText } from './source-files.ts';

const condition = z.enum(['service_started', 'service_healthy', 'service_completed_successfully']);
const duration = z.string().regex(/^(\d+h)?(\d+m)?(\d+s)?$/);

const check = z.strictObject({
  test: z.array(z.string()).min(2),
  interval: duration,
  timeout: duration,
  retries: z.int().positive(),
  start_period: duration,
});

const service = z.strictObject({
  image: z.string(),
  build: z.string().optional(),
  command: z.array(z.string()).optional(),
  environment: z.record(z.string(), z.string().nullable()).optional(),
  depends_on: z.record(z.string(), z.strictObject({ condition })).optional(),
  healthcheck: z.union([check, z.strictObject({ disable: z.literal(true) })]).optional(),
  restart: z.union([z.literal('unless-stopped'), z.string().regex(/^on-failure:\d+$/)]),
  ports: z.array(z.string()).optional(),
  volumes: z.array(z.string()).optional(),
  networks: z.array(z.string()).min(1),
  logging: z.strictObject({ driver: z.string(), options: z.record(z.string(), z.string()) }),
  security_opt: z.array(z.string()),
  cap_drop: z.array(z.string()).optional(),
  init: z.boolean().optional(),
  read_only: z.boolean().optional(),
  tmpfs: z.array(z.string()).optional(),
  user: z.string().optional(),
  shm_size: z.string().optional(),
  stop_grace_period: duration.optional(),
});

/** The part of the Compose specification that the file uses, and no more: a misspelt key is refused, as Compose would. */
const composeFile = z.strictObject({
  name: z.string(),
  services: z.record(z.string(), service),
  networks: z.record(z.string(), z.strictObject({ internal: z.boolean().optional() })),
  volumes: z.record(z.string(), z.strictObject({})),
});

type ComposeFile = z.infer<typeof composeFile>;

export function readComposeFile(): ComposeFile {
  // The document is unknown until the schema has seen it; `x-` keys only carry anchors.
  const document = parse(readText('docker-compose.yml'), { merge: true }) as Record<string, unknown>;
  return composeFile.parse(Object.fromEntries(Object.entries(document).filter(([key]) => !key.startsWith('x-'))));
}

export interface Interpolation {
  readonly name: string;
  /** What stands behind `:-`; null where there is none. */
  readonly fallback: string | null;
  readonly isRequired: boolean;
}

/** Every variable that the file takes from .env: `${NAME…}`, and keys without a value. */
export function readInterpolations(): Interpolation[] {
  const written = [...readText('docker-compose.yml').matchAll(/\$\{(\w+)(?::([-?])([^}]*))?\}/g)].map(
    ([, name = '', operator, rest = '']) => ({
      name,
      fallback: operator === '-' ? rest : null,
      isRequired: operator === '?',
    }),
  );
  const passedOn = Object.values(readComposeFile().services)
    .flatMap(({ environment = {} }) => Object.entries(environment))
    .filter(([, value]) => value === null)
    .map(([name]) => ({ name, fallback: '', isRequired: false }));
  return [...written, ...passedOn];
}
