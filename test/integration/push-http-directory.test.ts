import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { pushError } from '../../demo/stand-ins/push.ts';
import type { Job } from '../../src/domain/job.ts';
import { type DirectoryStandIn, startDirectory, tellUsers } from '../support/directory-stand-in.ts';
import { openPushFixture, type PushFixture } from '../support/push-fixture.ts';

let bench: PushFixture;
let directory: DirectoryStandIn;
beforeAll(async () => {
  [bench, directory] = await Promise.all([openPushFixture(), startDirectory()]);
  await bench.useDirectory({ kind: 'http', url: directory.url, apiKey: null });
});
beforeEach(() => {
  bench.push.clear();
  directory.asked.length = 0;
});
afterAll(async () => {
  await directory.close();
  await bench.close();
});

const devices = (...tokens: string[]) => ({ enabled: true, tokens: tokens.map((token) => ({ token })) });
const outcomes = async (job: Job) =>
  (await bench.recipients(job)).map(({ userId, state, error }) => [userId, state, error?.code ?? null]);

describe('a push to users of a directory over HTTP', () => {
  it('goes to the devices that it names, in the language that it names, and tells apart who cannot be reached', async () => {
    directory.answer = (_merchantId, reply) =>
      tellUsers(reply, [
        { id: 'ana', language: 'es', push: devices('ana-1', 'ana-2') },
        { id: 'off', language: 'en', push: { ...devices('off-1'), enabled: false } },
        { id: 'bare', language: 'en', push: devices() },
        { id: 'mute', push: devices('mute-1') },
        { id: 'plain', language: 'en' },
      ]);
    const job = await bench.notify(['ana', 'off', 'bare', 'mute', 'plain', 'nobody'], {
      titleI18n: { en: 'Due', es: 'Vence' },
    });
    expect(await bench.run(job)).toMatchObject({ state: 'completed_with_errors', delivered: 1, failed: 5 });
    expect(await outcomes(job)).toEqual([
      ['ana', 'delivered', null],
      ['off', 'failed', 'push_notifications_disabled'],
      ['bare', 'failed', 'push_notifications_disabled'],
      ['mute', 'failed', 'invalid_user_language_configured'],
      ['plain', 'failed', 'push_notifications_disabled'],
      ['nobody', 'failed', 'no_active_user_for_merchant'],
    ]);
    const sent = bench.push.requests.list().map(({ token, message }) => [token, message['notification']]);
    const text = { title: 'Vence', body: 'Please pay' };
    expect(sent).toEqual(
      expect.arrayContaining([
        ['ana-1', text],
        ['ana-2', text],
      ]),
    );
    expect(sent).toHaveLength(2);
    expect(directory.asked).toHaveLength(1);
  });

  it('fails a merchant that cannot be asked about, and pushes to nobody of it', async () => {
    directory.answer = (merchantId, reply) => {
      if (merchantId === 'm1') reply.writeHead(403).end();
      else tellUsers(reply, [{ id: 'ben', language: 'en', push: devices('ben-1') }]);
    };
    const receivers = ['m1', 'm2'].map((merchantId) => ({ merchantId, userIds: ['ben'] }));
    const job = await bench.accept(receivers, { type: 'PUSH_NOTIFICATION' });
    await bench.run(job);
    expect(await outcomes(job)).toEqual([
      ['ben', 'failed', 'error_retrieving_active_users_for_merchant'],
      ['ben', 'delivered', null],
    ]);
    expect(bench.push.requests.list()).toHaveLength(1);
  });

  it('that is dead for one device goes on with the other, and never to the dead one again', async () => {
    directory.answer = (_merchantId, reply) =>
      tellUsers(reply, [{ id: 'ana', language: 'en', push: devices('dead', 'slow') }]);
    bench.push.script('dead', [pushError(404, 'UNREGISTERED')]);
    bench.push.script('slow', [pushError(503, 'UNAVAILABLE')]);
    const job = await bench.notify(['ana']);
    expect(await bench.run(job)).toMatchObject({ state: 'completed', delivered: 1 });
    expect([bench.sendsTo('dead'), bench.sendsTo('slow')]).toEqual([1, 2]);
  });
});
