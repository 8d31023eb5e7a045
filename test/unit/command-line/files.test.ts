import { afterEach, describe, expect, it } from 'vitest';
import { type CsvLine, readCsv } from '../../../src/command-line/csv-lines.ts';
import { exitCodes } from '../../../src/command-line/exit-codes.ts';
import { createPace } from '../../../src/command-line/broadcast.ts';
import { answer, aProblem, type ScriptedAnswer, startScriptedServer } from '../../support/scripted-server.ts';
import { runWaypost } from '../../support/run-waypost.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function serve(script: ScriptedAnswer) {
  const server = await startScriptedServer(script);
  closers.push(server.close);
  return server;
}

async function read(pieces: readonly string[], needed: readonly string[] = ['to']): Promise<CsvLine[]> {
  async function* bytes() {
    for (const piece of pieces) yield Buffer.from(piece);
  }
  const lines: CsvLine[] = [];
  for await (const line of readCsv(bytes(), needed)) lines.push(line);
  return lines;
}

describe('a CSV file', () => {
  it('is read with quotes, byte order mark and any of the separators, each bad line with its number', async () => {
    expect(await read(['\uFEFFto;name\r\n+346;"Ana; M', '\nA"\n\n+347\n;Eva\n'])).toEqual([
      { line: 3, cells: { to: '+346', name: 'Ana; M\nA' } },
      { line: 5, mistake: 'has 1 cells, and the header 2' },
      { line: 6, mistake: 'has no to' },
    ]);
  });

  it('is separated by what its header is separated by', async () => {
    expect(await read(['to,na', 'me\n+346,Ana; M\n'])).toEqual([{ line: 2, cells: { to: '+346', name: 'Ana; M' } }]);
    expect(await read(['to\tname\n+346\tAna, M\n'])).toEqual([{ line: 2, cells: { to: '+346', name: 'Ana, M' } }]);
  });

  it.each([
    ['a missing column', ['phone\n+346\n'], 'no column to'],
    ['an empty file', [''], 'empty'],
    ['a line without an end', ['to\n"', 'x'.repeat(70_000)], 'Max Record Size'],
  ])('is refused for %s', async (_what, pieces, message) => {
    await expect(read(pieces)).rejects.toThrow(message);
  });
});

describe('broadcast', () => {
  const argv = ['broadcast', '-', '--template', 't', '--language', 'es', '--parameters', 'name', '--label', 'spring'];
  const accept: ScriptedAnswer = (call, response) => {
    const { messages } = JSON.parse(call.body) as { messages: { to: string }[] };
    const data = messages.map(({ to }) => (to === 'bad' ? aProblem(422, 'validation_failed') : { id: 'msg_1' }));
    answer(202, { data, accepted: data.filter((each) => 'id' in each).length, refused: 1 })(call, response);
  };

  it('sends a template to each line in batches under keys of their content, and tells bad lines by number', async () => {
    const { url, calls } = await serve(accept);
    const stdin = ['to,name', ...Array.from({ length: 101 }, (_each, at) => `+3460000${at},Ana`), 'bad,Eva', '+1'].join(
      '\n',
    );
    const run = await runWaypost(url, [...argv, '--rate', '10000', '--json'], { stdin });
    expect(run.exitCode).toBe(exitCodes.partly);
    expect(JSON.parse(run.out)).toMatchObject({ lines: 103, accepted: 101, refused: 2, label: 'spring' });
    expect(run.err).toBe(
      'line 104: has 1 cells, and the header 2\nline 103: validation_failed: It is validation_failed.\n',
    );
    expect(calls).toHaveLength(2);
    const again = await serve(accept);
    await runWaypost(again.url, [...argv, '--rate', '10000'], { stdin });
    const keys = [...calls, ...again.calls].map(({ headers }) => headers['idempotency-key']);
    expect([keys[0] === keys[2], keys[1] === keys[3], keys[0] === keys[1]]).toEqual([true, true, false]);
  });

  it('previews the first line and sends nothing', async () => {
    const { url, calls } = await serve(answer(200, { data: [{ type: 'template' }] }));
    const run = await runWaypost(url, [...argv, '--preview'], { stdin: 'to,name\n+346,Ana\n+347,Eva\n' });
    expect([run.exitCode, calls.map(({ line }) => line)]).toEqual([exitCodes.ok, ['POST /v1/messages/preview']]);
    expect(run.out).toContain('2 would be sent');
  });

  it('keeps the pace', async () => {
    const pace = createPace(100, new AbortController().signal);
    const startedAt = performance.now();
    for (let call = 0; call < 3; call += 1) await pace(5);
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(95);
  });
});

describe('notify', () => {
  const argv = [
    'notify',
    '--receivers',
    '-',
    '--integration',
    'erp',
    '--title',
    '{"en":"T"}',
    '--message',
    '{"en":"M"}',
  ];

  it('makes one notification of the file', async () => {
    const { url, calls } = await serve(answer(202, { id: 'ntf_1' }));
    await runWaypost(url, argv, { stdin: 'merchantId,userId\nm1,u1\nm2,u1\nm1,u2\nm1,u1\n' });
    const { receivers } = JSON.parse(calls[0]?.body ?? '{}') as { receivers: unknown };
    expect(receivers).toEqual([
      { merchantId: 'm1', userIds: ['u1', 'u2'] },
      { merchantId: 'm2', userIds: ['u1'] },
    ]);
  });

  it('sends nothing where a line is bad', async () => {
    const { url, calls } = await serve(answer(202, { id: 'ntf_1' }));
    const run = await runWaypost(url, argv, { stdin: 'merchantId,userId\nm1,\nm2,u1\n' });
    expect([run.exitCode, calls.length]).toEqual([exitCodes.partly, 0]);
    expect(run.err).toBe('line 2: has no userId\nNothing was sent: 1 bad lines.\n');
  });
});

it('import-directory sends the file piece by piece, and counts lines over all of it', async () => {
  const refused = { imported: 499, failed: 1, errors: [{ line: 3, problem: aProblem(422, 'validation_failed') }] };
  const { url, calls } = await serve(answer(200, refused));
  const stdin = Array.from({ length: 1_000 }, (_each, at) => `{"userId":"u${at}"}\n`).join('');
  const run = await runWaypost(url, ['import-directory', '-'], { stdin });
  expect(calls.map(({ body }) => body.split('\n').length - 1)).toEqual([500, 500]);
  expect(run.err).toMatch(/^line 3: .*\nline 503: .*\n$/);
  expect([run.exitCode, run.out]).toEqual([exitCodes.partly, '1000 lines: 998 imported, 2 failed.\n']);
});
