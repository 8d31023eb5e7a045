import { describe, expect, it } from 'vitest';
import { createClosing } from '../../../demo/closing.ts';

describe('what the demo has opened', () => {
  const opens = (name: string, stopped: string[]) => () => ({
    name,
    stop: async () => void stopped.push(name),
  });

  it('is stopped in the reverse order', async () => {
    const stopped: string[] = [];
    const closing = createClosing();
    await closing.open(opens('stack', stopped));
    await closing.open(opens('product', stopped));
    await closing.closeAll();
    expect(stopped).toEqual(['product', 'stack']);
  });

  it('is stopped too when the end comes while it still starts', async () => {
    const stopped: string[] = [];
    const closing = createClosing();
    let finishStart = () => {};
    const started = new Promise<void>((resolve) => {
      finishStart = resolve;
    });
    const opening = closing.open(() => started.then(opens('stack', stopped)));
    const outcome = opening.catch((error: unknown) => error);
    const closed = closing.closeAll();
    finishStart();
    await closed;
    expect(await outcome).toEqual(new Error('The demo is ending.'));
    expect(stopped).toEqual(['stack']);
  });

  it('leaves nothing to stop when its start failed, and nothing starts after the end', async () => {
    const stopped: string[] = [];
    const closing = createClosing();
    await expect(closing.open(() => Promise.reject(new Error('no Temporal')))).rejects.toThrow('no Temporal');
    await closing.closeAll();
    await expect(closing.open(opens('product', stopped))).rejects.toThrow('The demo is ending.');
    expect(stopped).toEqual([]);
  });
});
