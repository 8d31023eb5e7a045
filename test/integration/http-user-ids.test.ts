import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildInboundBody } from '../../demo/stand-ins/kernel-bodies.ts';
import { signCallback } from '../support/signed-callback.ts';
import { aWhatsappChannel, startTestApp, type TestApp } from '../support/test-app.ts';

// Went wrong: the door read messages with a phone number only, and answered the others 200 all the same.
let test: TestApp;
let channelId: string;
const appSecret = 'a-secret';
const phoneNumberId = '1001';
beforeAll(async () => {
  test = await startTestApp();
  const made = await test.call('POST /v1/channels', { body: aWhatsappChannel({ appSecret, phoneNumberId }) });
  channelId = String(made.at('id'));
});
afterAll(() => test.close());

const userId = 'ES.13491208655302741918';
const activity = { type: 'message', text: 'Hola' };

function receive(sender: { from: string; userId?: string; username?: string }, wamid: string) {
  const item = { type: 'text', text: { body: 'Hola' } };
  const body = buildInboundBody(phoneNumberId, [{ name: 'Ana', wamid, item, ...sender }], Date.now());
  const headers = signCallback(body, appSecret);
  return test.call(`POST /v1/channels/${channelId}/callbacks`, { body, key: null, headers });
}

describe('the door', () => {
  it('takes what a person without a number has written', async () => {
    const answer = await receive({ from: '', userId, username: 'ana.test' }, 'wamid.u1');
    expect([answer.status, answer.body]).toMatchObject([200, { received: 1, unreadable: 0 }]);
    expect((await test.call(`GET /v1/jobs?to=${userId}`)).at('data')).toMatchObject([
      {
        kind: 'inbound',
        to: userId,
        conversationId: `${channelId}.${userId}`,
        recipient: { phone: null, userId, parentUserId: null, username: 'ana.test' },
      },
    ]);
  });

  it('takes messages to a user id, shows who it is, and finds them by every id of the person', async () => {
    await receive({ from: '+34600111222', userId }, 'wamid.u2');
    const { status, body } = await test.call('POST /v1/messages', { body: { to: userId, activity } });
    expect([status, body]).toMatchObject([
      202,
      { to: userId, recipient: { phone: '+34600111222', userId, parentUserId: null, username: 'ana.test' } },
    ]);
    const parent = await test.call('POST /v1/messages', { body: { to: 'ES.ENT.1181', activity } });
    expect(parent.at('recipient')).toMatchObject({ phone: null, userId: null, parentUserId: 'ES.ENT.1181' });
    for (const to of [userId, '%2B34600111222', '34600111222']) {
      expect((await test.call(`GET /v1/jobs?to=${to}`)).at('data')).toHaveLength(3);
    }
    const filter = { to: '+34600111222' };
    const retry = await test.call('POST /v1/jobs/retry', { body: { filter, dryRun: true } });
    expect(retry.body).toMatchObject({ matched: 0 });
    const seen = await test.call(`GET /v1/channels/${channelId}/recipients/${userId}`);
    expect(seen.body).toMatchObject({
      recipient: { phone: '+34600111222', userId },
      name: 'Ana',
      window: { state: 'open' },
      optedOut: [],
      waiting: 1,
      lastOutboundAt: null,
    });
    expect((await test.call(`GET /v1/channels/${channelId}/recipients/34600111222`)).body).toMatchObject({
      recipient: { phone: '+34600111222', userId },
    });
    expect((await test.call(`GET /v1/channels/${channelId}/recipients/ES.nobody`)).status).toBe(404);
    const erased = await test.call(`DELETE /v1/recipients/${userId}`);
    expect(erased.body).toMatchObject({ complete: true, erased: { inbound: 2, messages: 1 } });
    expect((await test.call('GET /v1/jobs?to=34600111222')).at('data')).toEqual([]);
  });

  it('takes messages to a group', async () => {
    const { status, body } = await test.call('POST /v1/messages', {
      body: { to: 'Y2FwaV9ncm91cDox', recipientType: 'group', activity },
    });
    expect([status, body]).toMatchObject([202, { to: 'Y2FwaV9ncm91cDox', recipient: null }]);
    const alone = await test.call('POST /v1/messages', { body: { to: 'Y2FwaV9ncm91cDox', activity } });
    expect([alone.status, alone.at('errors.0.pointer')]).toEqual([422, '/to']);
  });

  it.each(['', 'es.1349', 'ES.', 'ES.12-34', '+0034', 'ana.test'])('refuses %j as a recipient', async (to) => {
    const answer = await test.call('POST /v1/messages', { body: { to, activity } });
    expect([answer.status, answer.at('errors.0.pointer')]).toEqual([422, '/to']);
  });
});
