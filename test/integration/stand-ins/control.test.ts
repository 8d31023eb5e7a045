import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startBot } from '../../../demo/stand-ins/bot.ts';
import { type KernelFixture, openKernelFixture } from './kernel-fixture.ts';

const to = '+34600111222';

describe('the control API of the stand-ins', () => {
  let place: KernelFixture;
  beforeEach(async () => {
    place = await openKernelFixture({ callbacks: [] });
  });
  afterEach(() => place.stop());

  const control = (name: string, body?: unknown) =>
    fetch(`${place.kernel.url}/__control/${name}`, {
      ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
    });

  it('scripts a number, and tells what was sent', async () => {
    const step = { answer: { status: 500, body: { error: { code: 131016 } } } };
    expect((await control('script', { to, steps: [step] })).status).toBe(200);
    expect((await place.send(to, 'msg_5')).status).toBe(500);
    expect((await place.send(to, 'msg_5')).status).toBe(200);
    expect(await (await control('count?jobId=msg_5')).json()).toEqual({ sends: 2, wentOut: 1 });
    expect(await (await control('sends?jobId=msg_5')).json()).toMatchObject([{ httpStatus: 500 }, { httpStatus: 200 }]);
  });

  it('refuses a step that it does not know, so that a slip of the pen never passes as an acceptance', async () => {
    const response = await control('script', { to, steps: [{ anwser: { status: 500 } }] });
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('anwser');
  });

  it('names its calls when asked for another', async () => {
    const response = await control('constructor');
    expect(response.status).toBe(404);
    expect(await response.text()).toContain('script');
  });

  it('takes a stand-in down for a while', async () => {
    await control('down', { forMs: 100 });
    await new Promise((resolve) => setTimeout(resolve, 30));
    await expect(place.send(to)).rejects.toThrow('fetch failed');
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect((await place.send(to)).status).toBe(200);
  });

  it('steers the listening stand-ins too', async () => {
    const bot = await startBot();
    await fetch(`${bot.url}/__control/always`, { method: 'POST', body: JSON.stringify({ answer: { status: 503 } }) });
    const post = () => fetch(bot.url, { method: 'POST', body: '{"type":"event","conversation":{"id":"c"}}' });
    expect((await post()).status).toBe(503);
    await fetch(`${bot.url}/__control/clear`, { method: 'POST' });
    expect((await post()).status).toBe(200);
    await bot.stop();
  });
});

describe('the stand-ins as a process', () => {
  it('say where they are in one line, and end by SIGTERM', async () => {
    const child = spawn(process.execPath, ['--import', 'tsx', 'demo/stand-ins/main.ts'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(child, 'exit');
    const [line] = (await once(child.stdout, 'data')) as [Buffer]; // cast: the stream has no encoding set
    const urls = JSON.parse(line.toString()) as Record<string, string>; // cast: read below
    expect(Object.keys(urls)).toEqual(['kernel', 'bot', 'integrator', 'push']);
    expect((await fetch(`${urls['kernel']}/__control/state`)).status).toBe(200);
    child.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
  });

  it('refuse a taken port with one sentence', async () => {
    const bot = await startBot();
    const args = ['--import', 'tsx', 'demo/stand-ins/main.ts', '--push-port', String(bot.port)];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    const ended = once(child, 'exit');
    const [words] = (await once(child.stderr, 'data')) as [Buffer]; // cast: the stream has no encoding set
    expect(words.toString()).toBe(`Port ${bot.port}, asked for the push stand-in, is taken.\n`);
    expect(await ended).toEqual([1, null]);
    await bot.stop();
  });
});
