import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aWhatsappChannel, refusalOf, startTestApp, type TestApp } from '../support/test-app.ts';

let test: TestApp;
beforeAll(async () => {
  test = await startTestApp();
  await test.call('POST /v1/channels', { body: aWhatsappChannel() });
});
afterAll(() => test.close());

const send = (to: string, headers: Readonly<Record<string, string>> = {}) =>
  test.call('POST /v1/messages', { body: { to, activity: { type: 'message', text: 'Hi' } }, headers });

describe('DELETE /v1/recipients/{to}', () => {
  it.each(['+34600111333', '%2B34600111333', '34600111333'])(
    'takes the number as %s, and does not echo it',
    async (to) => {
      await send('34600111333');
      const answer = await test.call(`DELETE /v1/recipients/${to}`);
      expect([answer.status, answer.at('complete'), answer.at('erased.messages')]).toEqual([200, true, 1]);
      expect(answer.text).not.toContain('34600111333');
      expect((await test.call('GET /v1/jobs?to=%2B34600111333')).at('data')).toEqual([]);
      const remains = (answer.at('remains') as { what: string; why: string; until: string | null }[]).map(
        ({ what }) => what,
      );
      expect(remains).toEqual([
        'audit_entry',
        'idempotency_answers',
        'late_statuses',
        'channel_pause_reasons',
        'workflow_histories',
        'copies_of_others',
        'backups',
      ]);
    },
  );

  it.each(['abc', '0034600111222', '+34', '+346001112223334445'])('refuses %s', async (to) => {
    expect(refusalOf(await test.call(`DELETE /v1/recipients/${to}`))).toEqual([422, 'invalid_request', '/path/to']);
  });

  it('asks for messages:write', async () => {
    const made = await test.call('POST /v1/api-keys', {
      body: { name: 'reader', scopes: ['jobs:read', 'jobs:write', 'config:write'] },
    });
    const answer = await test.call('DELETE /v1/recipients/+34600111222', { key: String(made.at('apiKey')) });
    expect([answer.status, answer.at('code')]).toEqual([403, 'insufficient_scope']);
  });

  it('keeps a first answer, so that a repeated request does not send again', async () => {
    const headers = { 'idempotency-key': 'kept' };
    const first = await send('+34600111444', headers);
    await test.call('DELETE /v1/recipients/+34600111444');
    const again = await send('+34600111444', headers);
    expect([again.headers['idempotency-replayed'], again.at('id')]).toEqual(['true', first.at('id')]);
    expect((await test.call(`GET /v1/jobs/${String(first.at('id'))}`)).status).toBe(404);
  });

  it('leaves an entry in the audit, without the number', async () => {
    await test.call('DELETE /v1/recipients/+34600111555');
    const audit = await test.call('GET /v1/audit?action=recipient.erased&limit=1');
    expect(audit.at('data.0.target')).toEqual({ type: 'recipient', id: expect.stringMatching(/^era_/) as unknown });
    expect(audit.text).not.toContain('34600111555');
  });
});

describe('/v1/opt-outs', () => {
  it('keeps, shows, lists and ends what a person does not want', async () => {
    const put = await test.call('PUT /v1/opt-outs/34600111666', { body: { category: 'marketing' } });
    expect([put.status, put.at('identity'), put.at('recipient.phone')]).toEqual([200, '+34600111666', '+34600111666']);
    expect(put.at('optedOut')).toMatchObject([{ category: 'marketing', source: 'api' }]);
    expect((await test.call('PUT /v1/opt-outs/+34600111666', { body: { category: 'marketing' } })).body).toEqual(
      put.body,
    );
    await test.call('PUT /v1/opt-outs/+34600111666', { body: { category: 'all' } });
    expect((await test.call('GET /v1/opt-outs/+34600111666')).at('optedOut')).toMatchObject([
      { category: 'all' },
      { category: 'marketing' },
    ]);
    expect((await test.call('GET /v1/opt-outs')).at('data')).toMatchObject([
      { identity: '+34600111666', category: 'all' },
      { identity: '+34600111666', category: 'marketing', since: put.at('optedOut.0.since') },
    ]);
    expect((await test.call('DELETE /v1/opt-outs/+34600111666?category=all')).status).toBe(204);
    expect((await test.call('DELETE /v1/opt-outs/+34600111666?category=all')).status).toBe(404);
    expect((await test.call('DELETE /v1/opt-outs/+34600111666')).status).toBe(204);
    expect((await test.call('GET /v1/opt-outs/+34600111666')).status).toBe(404);
    const events = await test.call('GET /v1/events?types=recipient.opted_out,recipient.opted_in');
    expect(events.at('data')).toMatchObject(
      ['opted_out', 'opted_out', 'opted_in', 'opted_in'].map((type) => ({
        type: `recipient.${type}`,
        data: { recipient: { phone: '+34600111666' }, channelId: null, source: 'api' },
      })),
    );
  });

  it('are named by an erasure, which keeps their hashes', async () => {
    await test.call('PUT /v1/opt-outs/+34600111777', { body: { category: 'all' } });
    const answer = await test.call('DELETE /v1/recipients/+34600111777');
    expect(answer.at('remains')).toMatchObject([{ what: 'opt_outs' }, { what: 'audit_entry' }, {}, {}, {}, {}, {}, {}]);
    expect((await test.call('GET /v1/opt-outs')).at('data')).toMatchObject([
      { identity: null, recipient: null, category: 'all' },
    ]);
    expect((await test.call('GET /v1/opt-outs/+34600111777')).at('optedOut')).toMatchObject([{ category: 'all' }]);
    expect((await test.call('DELETE /v1/opt-outs/+34600111777')).status).toBe(204);
  });

  it('asks for a category that there is, and for a person', async () => {
    const wrong = await test.call('PUT /v1/opt-outs/+34600111666', { body: { category: 'utility' } });
    expect(refusalOf(wrong)).toEqual([422, 'invalid_request', '/category']);
    const nobody = await test.call('PUT /v1/opt-outs/abc', { body: { category: 'all' } });
    expect(refusalOf(nobody)).toEqual([422, 'invalid_request', '/path/identity']);
  });
});

describe('the templates of a channel', () => {
  const known = { name: 'offer', language: 'es', status: 'APPROVED', quality: null, category: 'UTILITY', reason: null };
  const makeChannel = async (members: object = {}) =>
    String(
      (await test.call('POST /v1/channels', { body: aWhatsappChannel({ phoneNumberId: '1077', ...members }) })).at(
        'id',
      ),
    );

  it('are those of its account, as a sync lists them', async () => {
    const withTemplates = await startTestApp({ listTemplates: async () => ({ kind: 'listed', templates: [known] }) });
    const body = aWhatsappChannel({ wabaId: '77' });
    const id = String((await withTemplates.call('POST /v1/channels', { body })).at('id'));
    expect((await withTemplates.call(`GET /v1/channels/${id}/templates`)).at('data')).toEqual([]);
    const synced = await withTemplates.call(`POST /v1/channels/${id}/templates/sync`);
    expect([synced.status, synced.at('data.0')]).toEqual([200, { ...known, updatedAt: expect.any(String) as unknown }]);
    expect((await withTemplates.call(`GET /v1/channels/${id}/templates`)).body).toEqual(synced.body);
    await withTemplates.close();
  });

  it('cannot be had without an account, nor while Kernel gives none', async () => {
    const without = await test.call(`POST /v1/channels/${await makeChannel()}/templates/sync`);
    expect([without.status, without.at('code')]).toEqual([409, 'conflict']);
    const away = await test.call(`POST /v1/channels/${await makeChannel({ wabaId: '78' })}/templates/sync`);
    expect([away.status, away.at('code')]).toEqual([503, 'templates_unavailable']);
    expect((await test.call('GET /v1/channels/chn_none/templates')).status).toBe(404);
  });
});
