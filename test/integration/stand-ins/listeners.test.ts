import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { startBot } from '../../../demo/stand-ins/bot.ts';
import { startIntegrator } from '../../../demo/stand-ins/integrator.ts';
import { pushError, startPush } from '../../../demo/stand-ins/push.ts';
import { buildWebhookHeaders, hmacBase64 } from '../../../src/upstreams/webhook/standard-webhooks.ts';

const post = (url: string, body: unknown, headers: Record<string, string> = {}) =>
  fetch(url, { method: 'POST', headers, body: typeof body === 'string' ? body : JSON.stringify(body) });

describe('the bot stand-in', () => {
  const kpi = (id: string, jobId: string) => ({
    type: 'event',
    name: 'waypost.kpi',
    id,
    conversation: { id: 'c' },
    value: { event: 'accepted', jobId },
  });

  it('keeps each KPI event once, however often it comes', async () => {
    const bot = await startBot();
    for (const activity of [kpi('1', 'msg_1'), kpi('1', 'msg_1'), kpi('2', 'msg_2')]) await post(bot.url, activity);
    expect(bot.kpiEvents('msg_1')).toEqual([{ event: 'accepted', jobId: 'msg_1' }]);
    expect(bot.kpiEvents()).toHaveLength(2);
    expect(bot.requests.total).toBe(3);
    await bot.stop();
  });

  it('answers a message with its replies', async () => {
    const bot = await startBot({ reply: ({ text }) => [{ type: 'message', text: `You said: ${String(text)}` }] });
    const response = await post(bot.url, { type: 'message', text: 'Hola', conversation: { id: 'c' } });
    expect(await response.json()).toEqual({ activities: [{ type: 'message', text: 'You said: Hola' }] });
    expect(bot.messages()).toHaveLength(1);
    await bot.stop();
  });

  it('refuses an activity without a conversation, as the SDKs do', async () => {
    const bot = await startBot();
    expect((await post(bot.url, { type: 'event', name: 'waypost.kpi' })).status).toBe(400);
    await bot.stop();
  });

  it('fails events while it serves messages, when told to', async () => {
    const bot = await startBot();
    bot.script('event', [{ status: 500 }]);
    const statuses: number[] = [];
    for (const type of ['message', 'event', 'event']) {
      statuses.push((await post(bot.url, { type, conversation: { id: 'c' } })).status);
    }
    expect(statuses).toEqual([200, 500, 200]);
    await bot.stop();
  });
});

describe('the integrator stand-in', () => {
  const secret = `whsec_${randomBytes(24).toString('base64')}`;
  const body = JSON.stringify({ externalId: 'inv-1', errors: [] });
  const sign = (signed: string) => ({
    ...buildWebhookHeaders({ secrets: [secret], id: 'dlv_1', nowMs: Date.now(), body: signed }),
    'x-toqio-signature': `sha256=${hmacBase64(secret, signed)}`,
  });

  it('takes an error callback whose two signatures are right', async () => {
    const integrator = await startIntegrator({ secret });
    const response = await post(`${integrator.url}/base/notifications/errors`, body, sign(body));
    expect(response.status).toBe(200);
    expect(integrator.requests.list()).toMatchObject([{ deliveryId: 'dlv_1', signatureFault: null }]);
    await integrator.stop();
  });

  it('refuses a callback when either signature is wrong, and says which', async () => {
    const integrator = await startIntegrator({ secret });
    const url = `${integrator.url}/notifications/errors`;
    expect((await post(url, `${body} `, sign(body))).status).toBe(401);
    expect((await post(url, body, { ...sign(body), 'x-toqio-signature': 'sha256=AAAA' })).status).toBe(401);
    expect(integrator.requests.list().map(({ signatureFault }) => signatureFault?.split(':')[0])).toEqual([
      'webhook-signature',
      'x-toqio-signature',
    ]);
    await integrator.stop();
  });

  it('has no other path', async () => {
    const integrator = await startIntegrator();
    expect((await post(integrator.url, body)).status).toBe(404);
    await integrator.stop();
  });
});

describe('the push stand-in', () => {
  it('takes a send of FCM v1, and refuses a token that a script calls dead', async () => {
    const push = await startPush({ accessToken: 'ya29' });
    const url = `${push.url}/v1/projects/p1/messages:send`;
    const headers = { authorization: 'Bearer ya29' };
    push.script('dead', [pushError(404, 'UNREGISTERED')]);
    expect(await (await post(url, { message: { token: 'live' } }, headers)).json()).toEqual({
      name: 'projects/p1/messages/1',
    });
    const refused = await post(url, { message: { token: 'dead' } }, headers);
    expect(refused.status).toBe(404);
    expect(await refused.json()).toMatchObject({ error: { details: [{ errorCode: 'UNREGISTERED' }] } });
    expect(push.requests.list().map(({ token }) => token)).toEqual(['live', 'dead']);
    await push.stop();
  });

  it('refuses a send without its bearer token', async () => {
    const push = await startPush({ accessToken: 'ya29' });
    const response = await post(`${push.url}/v1/projects/p1/messages:send`, { message: { token: 't' } });
    expect(response.status).toBe(401);
    await push.stop();
  });
});
