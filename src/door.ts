import { ConfigError } from './config.ts';

/**
 * Runs one process from its start to its drained end. SIGTERM and SIGINT stop it once; a start that cannot be is told in
 * one sentence on stderr, and the process exits with 1 and has left nothing running.
 */
export async function runDoor(
  name: string,
  run: (whenStopped: (stop: () => void) => void) => Promise<void>,
): Promise<void> {
  let isStopping = false;
  const stops: (() => void)[] = [];
  const stop = (): void => {
    if (isStopping) return;
    isStopping = true;
    for (const each of stops) each();
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  try {
    await run((each) => {
      stops.push(each);
      if (isStopping) each();
    });
    process.exit(0);
  } catch (error) {
    process.stderr.write(`${name}: ${explain(error)}\n`);
    process.exit(1);
  }
}

/** One sentence for the person at the terminal; the stack only where we have no better words. */
function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof ConfigError) return error.message;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (code === 'EADDRINUSE') return `The port is taken: ${error.message}.`;
  if (['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT'].includes(code)) {
    return `Postgres cannot be reached by DATABASE_URL (${error.message || code}).`;
  }
  if (error.name === 'TransportError')
    return `Temporal cannot be reached by TEMPORAL_ADDRESS (${firstLine(error.message)}).`;
  return firstLine(error.message);
}

function firstLine(text: string): string {
  return text.split('\n')[0] ?? text;
}
