import { DefaultLogger, type LogEntry, Runtime } from '@temporalio/worker';

type WriteLine = (fields: Readonly<Record<string, unknown>>, message: string) => void;

/** Lets the SDK write into our log, as JSON, from warnings up: it tells at length of what goes well. Once a process. */
export function installTemporalLog(log: { readonly warn: WriteLine; readonly error: WriteLine }): void {
  Runtime.install({
    logger: new DefaultLogger('WARN', (entry) => {
      if (isExpected(entry)) return;
      const write: WriteLine = entry.level === 'ERROR' ? (f, m) => log.error(f, m) : (f, m) => log.warn(f, m);
      write(pickFields(entry), entry.message);
    }),
  });
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
