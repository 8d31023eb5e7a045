import { type Channel, type Client, ConnectionError, ProblemError } from '../client/index.ts';
import type { CheckName, Readiness } from '../usecases/check-readiness.ts';
import type { Finding } from './session.ts';

/** What is asked on the server's own machine; each throws what is wrong. Null = this machine is a caller's only. */
export interface ServerProbes {
  readConfiguration(): void;
  /** What is wrong with the role, or with the time-outs of its statements; null = nothing, or nobody can tell. */
  checkRole(): Promise<string | null>;
  readReadiness(): Promise<Readiness>;
  /** Null = the workers have a current version, or no versions. */
  checkVersion(): Promise<string | null>;
}

const remedies: Readonly<Record<CheckName, string>> = {
  postgres: 'Look at DATABASE_URL, and whether Postgres runs and lets this machine in.',
  schema: 'Run `npm run migrate` with this version, or start a version that fits the schema.',
  clock: "Let the machine's clock be set by NTP.",
  temporal: 'Look at TEMPORAL_ADDRESS (and TEMPORAL_TLS…, TEMPORAL_API_KEY), and whether the Temporal server runs.',
  namespace: 'Make it (`temporal operator namespace create`), or set TEMPORAL_NAMESPACE.',
  searchAttributes: 'Make them (docs/operations.md, "Temporal").',
  workers: 'Start a worker (`npm run worker`) with the same DATABASE_URL, TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE.',
};

/** Looks at everything that can be seen from here, the outermost first; never throws for what it finds. */
export async function examine(client: Client, server: ServerProbes | null): Promise<readonly Finding[]> {
  return [...(server === null ? [] : await examineServer(server)), ...(await examineApi(client))];
}

async function examineServer(server: ServerProbes): Promise<readonly Finding[]> {
  try {
    server.readConfiguration();
  } catch (error) {
    return [
      wrong('configuration', messageOf(error), 'Set it as docs/operations.md says; .env.example has all variables.'),
    ];
  }
  const configuration = ok('configuration', 'All variables are usable.');
  // First, because a connection that is unsafe is handed out to nobody: the database would seem to be away.
  const danger = await server.checkRole();
  if (danger !== null) {
    const remedy =
      'Let DATABASE_URL (DATABASE_APP_URL) lead straight to Postgres, by a role that may become waypost_app.';
    return [configuration, wrong('role', danger, remedy)];
  }
  const { checks, details } = await server.readReadiness();
  const version = checks.namespace === 'ok' ? await server.checkVersion() : null;
  const entries = Object.entries(checks) as [CheckName, 'ok' | 'down' | 'unknown'][]; // the keys of the record
  return [
    configuration,
    ...entries.map(([name, state]) => toFinding(name, state, details[name])),
    ...(checks.postgres === 'ok' ? [ok('role', 'Statements run as the runtime role, with their time-outs.')] : []),
    ...(version === null
      ? []
      : [wrong('version', `${version}.`, 'Make one current (`temporal worker deployment set-current-version`).')]),
  ];
}

async function examineApi(client: Client): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  try {
    const { checks, details } = await client.get('/readyz');
    findings.push(ok('api', 'It answers and takes messages.'));
    for (const name of Object.keys(remedies) as CheckName[]) {
      if (checks[name] === 'down') findings.push(toFinding(`api: ${name}`, 'down', details[name], name));
    }
  } catch (error) {
    const remedy = 'Look at WAYPOST_URL (or --url), and whether the api runs.';
    findings.push(wrong('api', messageOf(error), remedy));
    if (error instanceof ConnectionError) return findings;
  }
  try {
    const { scopes } = await client.get('/v1/me');
    findings.push(ok('key', `It is in force (${scopes.join(', ')}).`));
  } catch (error) {
    const isAdmin = error instanceof ProblemError && error.status === 403;
    const remedy = isAdmin
      ? 'Name the tenant (--tenant), or use a key of its own.'
      : 'Set WAYPOST_API_KEY to a key of this api.';
    return [...findings, wrong('key', messageOf(error), remedy)];
  }
  try {
    const channels: Channel[] = [];
    for await (const channel of client.list('/v1/channels')) channels.push(channel);
    if (channels.length === 0)
      findings.push(wrong('channels', 'There is none.', 'Make one: `waypost channels create`.'));
    findings.push(...channels.flatMap(examineChannel));
  } catch (error) {
    findings.push({
      check: 'channels',
      state: 'unknown',
      detail: messageOf(error),
      remedy: 'Use a key with the scope config:write.',
    });
  }
  return findings;
}

/** What a channel's own record tells: why it is paused, whether its destination answers, and whether its callbacks are ours. */
export function examineChannel(channel: Channel): readonly Finding[] {
  const check = `channel ${channel.name}`;
  const { id, state, pausedReason } = channel;
  const findings: Finding[] = [];
  if (state === 'paused') {
    const why =
      pausedReason === null ? 'It was paused by hand.' : `It is paused: ${pausedReason.code}: ${pausedReason.detail}`;
    const remedy =
      pausedReason === null
        ? `\`waypost channels resume ${id}\``
        : `\`waypost problems show ${pausedReason.code}\` says what to do; then change its settings, or \`waypost channels resume ${id}\`.`;
    findings.push(wrong(check, why, remedy));
  }
  if (channel.kind === 'whatsapp') findings.push(...examineHealth(check, channel));
  return findings.length === 0 ? [ok(check, 'Nothing stands against it.')] : findings;
}

function examineHealth(check: string, { id, health }: Extract<Channel, { kind: 'whatsapp' }>): readonly Finding[] {
  const findings: Finding[] = [];
  if (health.breaker !== 'closed') {
    findings.push(
      wrong(
        check,
        'Its destination cannot be reached; messages wait and lose no try.',
        'Look at apiBaseUrl, and whether it can be reached from the workers.',
      ),
    );
  }
  if (health.callbacks.lastRefusedAt !== null && health.callbacks.refused24h > 0) {
    const count = health.callbacks.refused24h;
    const remedy = `Set appSecret to that of the Meta app: \`waypost channels change ${id} --body '{"appSecret":"…"}'\`.`;
    findings.push(wrong(check, `${count} callbacks were refused in 24 hours (${health.callbacks.code}).`, remedy));
  }
  if (health.lastSendAt !== null && health.lastStatusAt === null) {
    const remedy = `Subscribe the app's webhook to the field messages, at …/v1/channels/${id}/callbacks.`;
    findings.push(wrong(check, 'Messages were sent and no status has ever arrived.', remedy));
  }
  return findings;
}

function toFinding(check: string, state: 'ok' | 'down' | 'unknown', detail: string | undefined, name = check): Finding {
  if (state === 'ok') return ok(check, 'As it should be.');
  const remedy = remedies[name as CheckName]; // the names of the checks are the keys of the table
  if (state === 'unknown') return { check, state, detail: 'What would tell is away itself.', remedy: null };
  return wrong(check, detail ?? 'It is down.', remedy);
}

const ok = (check: string, detail: string): Finding => ({ check, state: 'ok', detail, remedy: null });
const wrong = (check: string, detail: string, remedy: string): Finding => ({ check, state: 'wrong', detail, remedy });
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
