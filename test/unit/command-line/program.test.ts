import { afterEach, describe, expect, it } from 'vitest';
import { exitCodes } from '../../../src/command-line/exit-codes.ts';
import { answer, aProblem, type ScriptedAnswer, startScriptedServer } from '../../support/scripted-server.ts';
import { runWaypost, secretKey } from '../../support/run-waypost.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function serve(...script: readonly ScriptedAnswer[]) {
  const server = await startScriptedServer(...script);
  closers.push(server.close);
  return server;
}

const explanation = {
  sentence: 'The channel is \u001b[31mpaused\u001b[0m\u0007.',
  cause: { kind: 'channel_paused', code: 'whatsapp_190', since: '2026-03-01T12:00:00.000Z' },
  evidence: [{ text: 'It was refused once.', href: null }],
  next: null,
  remedies: [{ rel: 'change', title: 'Give it a new token', method: 'PATCH', href: '/v1/channels/chn_1' }],
};

describe('what a script sees', () => {
  it.each([
    [401, 'unauthorized', exitCodes.notAllowed],
    [403, 'insufficient_scope', exitCodes.notAllowed],
    [404, 'not_found', exitCodes.notFound],
    [409, 'conflict', exitCodes.refused],
    [422, 'validation_failed', exitCodes.refused],
  ])('ends after a %i (%s) with exit code %i, and prints the problem', async (status, code, exitCode) => {
    const { url } = await serve(answer(status, aProblem(status, code)));
    const run = await runWaypost(url, ['me', '--json']);
    expect([run.exitCode, run.out, JSON.parse(run.err)]).toEqual([exitCode, '', { error: aProblem(status, code) }]);
  });

  it('ends with 5 where nobody answers, and says where', async () => {
    const run = await runWaypost('http://127.0.0.1:1', ['jobs', 'cancel', 'msg_1']);
    expect([run.exitCode, run.err]).toEqual([exitCodes.noAnswer, expect.stringContaining('127.0.0.1:1')]);
  });

  it.each([
    ['an unknown command', ['jobs', 'lst']],
    ['an unknown option', ['jobs', 'list', '--status', 'failed']],
    ['a missing argument', ['jobs', 'show']],
    ['no filter for all', ['jobs', 'cancel']],
    ['two contents', ['send', '+34600111222', 'Hola', '--template', 'x']],
    ['no JSON', ['channels', 'create', '--body', '{']],
    ['no number', ['jobs', 'list', '--limit', 'many']],
    ['an address that is none', ['me', '--url', 'nowhere']],
  ])('ends with 2 after %s, before anything is sent', async (_what, argv) => {
    const { url, calls } = await serve(answer(200, {}));
    const run = await runWaypost(url, argv);
    expect([run.exitCode, run.out, calls.length]).toEqual([exitCodes.usage, '', 0]);
    expect(run.err).not.toBe('');
  });

  it('says that there is no key, and never shows the one there is, whatever text it got into', async () => {
    const none = await runWaypost('http://127.0.0.1:1', ['me'], { apiKey: null });
    expect([none.exitCode, none.err]).toEqual([exitCodes.usage, expect.stringContaining('WAYPOST_API_KEY')]);
    const { url } = await serve(
      answer(200, { echo: secretKey }),
      answer(422, { ...aProblem(422, 'x_y'), detail: secretKey }),
    );
    const runs = [await runWaypost(url, ['me']), await runWaypost(url, ['me', '--json'])];
    expect(runs.map(({ out, err }) => `${out}${err}`).join()).not.toContain(secretKey);
    const flag = await runWaypost(url, ['me', '--key', 'wp_by-flag']);
    expect(`${flag.out}${flag.err}`).not.toContain('wp_by-flag');
  });
});

describe('what people see', () => {
  it('explains a job in sentences, and lets no stranger steer the terminal', async () => {
    const { url } = await serve(answer(200, explanation));
    const { out } = await runWaypost(url, ['jobs', 'explain', 'msg_1']);
    expect(out.split('\n')).toEqual([
      'The channel is paused.',
      'Cause: channel_paused (whatsapp_190) since 2026-03-01T12:00:00.000Z',
      '  - It was refused once.',
      'What can be done, best first:',
      '  - Give it a new token: PATCH /v1/channels/chn_1',
      '',
    ]);
  });

  it('points at the mistakes of a refused body', async () => {
    const problem = { ...aProblem(422, 'validation_failed'), errors: [{ pointer: '/to', detail: 'is no number' }] };
    const { url } = await serve(answer(422, problem));
    const { err } = await runWaypost(url, ['send', 'nobody', 'Hola']);
    expect(err).toContain('/to: is no number');
  });

  it('watches a job until it ends, and explains one that does not arrive', async () => {
    const job = { id: 'msg_1', attempts: 1, waitingFor: null, error: null, terminal: false, updatedAt: 't1' };
    const error = { code: 'whatsapp_131026', title: 'Undeliverable' };
    const { url } = await serve(
      answer(200, { ...job, state: 'sending' }),
      answer(200, { ...job, state: 'failed', terminal: true, error, updatedAt: 't2' }),
      answer(200, explanation),
    );
    const run = await runWaypost(url, ['jobs', 'watch', 'msg_1']);
    expect(run.exitCode).toBe(exitCodes.partly);
    expect(run.out).toBe('t1 sending, 1 attempts\nt2 failed, 1 attempts, whatsapp_131026: Undeliverable\n');
    expect(run.err).toContain('The channel is paused');
  });
});
