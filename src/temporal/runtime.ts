import { createServer } from 'node:net';
import { DefaultLogger, type LogEntry, Runtime } from '@temporalio/worker';

type WriteLine = (fields: Readonly<Record<string, unknown>>, message: string) => void;

/** How often a worker tells the server that it is there (`temporal worker list`). */
const workerHeartbeatInterval = '15s';
const installTries = 3;
const metricsTimeoutMs = 1_000;

/** The SDK's figures in Prometheus' text format; empty where they cannot be had. Never rejects. */
export type ReadSdkMetrics = () => Promise<string>;

/**
 * Lets the SDK write into our log, as JSON, from warnings up (it tells at length of what goes well), and count for Prometheus.
 * It serves its figures itself, in native code, on a port of the loopback that it is given; an exporter in our own process would
 * be handed every single measurement. Once a process.
 */
export async function installTemporalRuntime(log: {
  readonly warn: WriteLine;
  readonly error: WriteLine;
}): Promise<ReadSdkMetrics> {
  const logger = new DefaultLogger('WARN', (entry) => {
    if (isExpected(entry)) return;
    const write: WriteLine = entry.level === 'ERROR' ? (f, m) => log.error(f, m) : (f, m) => log.warn(f, m);
    write(pickFields(entry), entry.message);
  });
  for (let tries = 1; ; tries += 1) {
    const bindAddress = `127.0.0.1:${await findFreePort()}`;
    const prometheus = { bindAddress, countersTotalSuffix: true, unitSuffix: true, useSecondsForDurations: true };
    try {
      Runtime.install({ logger, workerHeartbeatInterval, telemetryOptions: { metrics: { prometheus } } });
      return () => readText(`http://${bindAddress}/metrics`);
    } catch (error) {
      // Between our look and the SDK's bind somebody else may take the port.
      if (tries === installTries) throw error;
    }
  }
}

async function readText(url: string): Promise<string> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(metricsTimeoutMs) });
    return answer.ok ? await answer.text() : '';
  } catch {
    return '';
  }
}

async function findFreePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  await new Promise((resolve) => {
    server.close(resolve);
  });
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** The queue of sends has activities only, which the SDK finds worth a warning at every start. */
function isExpected(entry: LogEntry): boolean {
  return entry.message.startsWith('No workflows registered');
}

const shownFields = ['taskQueue', 'workflowId', 'runId', 'activityType', 'attempt', 'workflowType'];

/** Ids and names only: an error's own words and stack may quote what people wrote. */
function pickFields(entry: LogEntry): Record<string, unknown> {
  const meta: Readonly<Record<string, unknown>> = entry.meta ?? {};
  return Object.fromEntries(shownFields.filter((name) => name in meta).map((name) => [name, meta[name]]));
}
