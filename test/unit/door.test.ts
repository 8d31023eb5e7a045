import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ConfigError } from '../../src/config.ts';
import { runDoor } from '../../src/door.ts';

/** The door speaks to its process only; here that process is watched instead of ended. */
function watchProcess() {
  const told: string[] = [];
  const exits: number[] = [];
  const handlers = new Map<string, () => void>();
  vi.spyOn(process, 'exit').mockImplementation((code) => {
    exits.push(Number(code));
    return undefined as never; // the real one does not return; what follows it in the door is nothing
  });
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    told.push(String(text));
    return true;
  });
  vi.spyOn(process, 'on').mockImplementation((signal: string | symbol, handler: () => void) => {
    handlers.set(String(signal), handler);
    return process;
  });
  return { told, exits, send: (signal: string) => handlers.get(signal)?.() };
}

let watched: ReturnType<typeof watchProcess>;
beforeEach(() => {
  watched = watchProcess();
});
afterEach(() => {
  vi.restoreAllMocks();
});

async function failWith(error: unknown): Promise<string> {
  await runDoor('worker', () => Promise.reject(error));
  return watched.told.join('');
}

describe('runDoor', () => {
  it('ends with 0 once its work has drained after SIGTERM, and stops it once', async () => {
    let stops = 0;
    const running = runDoor('worker', async (whenStopped) => {
      await new Promise<void>((resolve) => {
        whenStopped(() => {
          stops += 1;
          resolve();
        });
      });
    });
    watched.send('SIGTERM');
    watched.send('SIGINT');
    await running;
    expect({ stops, exits: watched.exits, told: watched.told }).toEqual({ stops: 1, exits: [0], told: [] });
  });

  it('stops at once what had not started when the signal came', async () => {
    let isStopped = false;
    await runDoor('worker', async (whenStopped) => {
      watched.send('SIGTERM');
      whenStopped(() => {
        isStopped = true;
      });
    });
    expect(isStopped).toBe(true);
  });

  it.each([
    [new ConfigError('WAYPOST_PORT is not usable.'), 'WAYPOST_PORT is not usable.'],
    [Object.assign(new Error('listen EADDRINUSE'), { code: 'EADDRINUSE' }), 'The port is taken'],
    [
      Object.assign(new Error(''), { code: 'ECONNREFUSED' }),
      'Postgres cannot be reached by DATABASE_URL (ECONNREFUSED)',
    ],
    [
      Object.assign(new Error('no route'), { name: 'TransportError' }),
      'Temporal cannot be reached by TEMPORAL_ADDRESS',
    ],
    [new Error('first line\n  at some file'), 'first line'],
    ['a bare text', 'a bare text'],
  ])('tells %s in one line and ends with 1', async (error, sentence) => {
    const told = await failWith(error);
    expect(told.startsWith(`worker: ${sentence}`)).toBe(true);
    expect(told.trimEnd()).not.toContain('\n');
    expect(watched.exits).toEqual([1]);
  });
});
