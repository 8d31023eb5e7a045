import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCallback } from '../../src/contracts/http/callback-items.ts';
import { toCanonicalJson } from '../../src/domain/canonical-json.ts';
import { mendJson } from '../../src/domain/json-hazards.ts';
import { drawBySeed, listCallbacks, mutate } from '../support/callback-corpus.ts';
import { signCallback } from '../support/signed-callback.ts';
import { aWhatsappChannel, startTestApp, type TestApp } from '../support/test-app.ts';

// Went wrong: of a callback only messages and statuses were read, and one bad member refused, or lost, all beside it.
let test: TestApp;
let channelId: string;
const appSecret = 'a-secret';
const phoneNumberId = '1001';
beforeAll(async () => {
  test = await startTestApp();
  channelId = await makeChannel(phoneNumberId);
});
afterAll(() => test.close());

async function makeChannel(number: string): Promise<string> {
  const body = aWhatsappChannel({ appSecret, phoneNumberId: number });
  return String((await test.call('POST /v1/channels', { body })).at('id'));
}

function post(body: unknown, to = channelId) {
  const bytes = Buffer.from(JSON.stringify(body));
  const headers = signCallback(bytes, appSecret);
  return test.call(`POST /v1/channels/${to}/callbacks`, { body: bytes, key: null, headers });
}

const valueOf = (value: object, field = 'messages') => ({ entry: [{ time: 1, changes: [{ field, value }] }] });

async function countRows(text: string): Promise<number> {
  const [row] = await test.database.transactions.withTenant(test.tenantId, (tx) =>
    tx.query<{ count: number }>({ text: `select count(*)::integer as count from ${text}` }),
  );
  return row?.count ?? Number.NaN;
}

describe('what WhatsApp says besides messages and statuses', () => {
  it('is kept once, listed, shown and told', async () => {
    const echo = { from: '1', to: '34600111222', id: 'wamid.echo', type: 'text', text: { body: 'I am on it' } };
    const said = valueOf({ message_echoes: [echo] }, 'smb_message_echoes');
    expect((await post(said)).body).toMatchObject({ notices: 1, repeatedNotices: 0, unreadable: 0 });
    expect((await post(said)).body).toMatchObject({ notices: 0, repeatedNotices: 1 });
    const listed = await test.call('GET /v1/notices?field=smb_message_echoes');
    expect(listed.at('data')).toMatchObject([
      {
        channelId,
        field: 'smb_message_echoes',
        kind: 'message_echo',
        effect: 'none',
        problem: null,
        raw: echo,
      },
    ]);
    const id = String(listed.at('data.0.id'));
    expect(id).toMatch(/^pnt_/);
    expect((await test.call(`GET /v1/notices/${id}`)).body).toEqual(listed.at('data.0'));
    const events = await test.call('GET /v1/events?types=channel.notice');
    expect(events.at('data')).toMatchObject([{ type: 'channel.notice', data: { id, raw: null } }]);
    const metrics = (await test.call('GET /metrics', { key: null })).text;
    expect(metrics).toContain('waypost_notices_total{field="smb_message_echoes",effect="none"} 1');
    expect(metrics).toContain('waypost_notices_total{field="smb_message_echoes",effect="repeated"} 1');
    for (const query of [`channelId=${channelId}`, 'kind=message_echo', 'createdAfter=2020-01-01T00:00:00Z']) {
      expect((await test.call(`GET /v1/notices?${query}`)).at('data')).toHaveLength(1);
    }
    expect((await test.call('GET /v1/notices?kind=call')).at('data')).toEqual([]);
  });

  it('is shown without its content to a key that may not read contents', async () => {
    await post(valueOf({ event: 'DISABLED_UPDATE' }, 'account_update'));
    const body = { name: 'narrow', scopes: ['jobs:read'] };
    const key = String((await test.call('POST /v1/api-keys', { body })).at('apiKey'));
    const shown = await test.call('GET /v1/notices?field=account_update', { key });
    expect(shown.at('data')).toMatchObject([{ kind: 'disabled_update', raw: null }]);
  });
});

describe('trouble of the account', () => {
  it('pauses the channel as an answer to a send with that code would, and once', async () => {
    const paused = await makeChannel('1010');
    const said = (code: number) =>
      valueOf({ metadata: { phone_number_id: '1010' }, errors: [{ code, title: 'Account locked' }] });
    await post(said(131_000));
    expect((await test.call(`GET /v1/channels/${paused}`)).at('state')).toBe('active');
    await post(said(131_031));
    const channel = await test.call(`GET /v1/channels/${paused}`);
    expect(channel.body).toMatchObject({ state: 'paused', pausedReason: { code: 'whatsapp_131031' } });
    expect((await test.call(`GET /v1/notices?channelId=${paused}`)).at('data')).toMatchObject([
      { kind: 'error', effect: 'channel_paused', problem: { code: 'whatsapp_131031' } },
      { kind: 'error', effect: 'none', problem: { code: 'whatsapp_131000' } },
    ]);
    await test.call(`POST /v1/channels/${paused}/resume`);
    await post(said(131_031));
    expect((await test.call(`GET /v1/channels/${paused}`)).at('state')).toBe('active');
  });

  it('told by account_update pauses the channel that was called', async () => {
    await post(valueOf({ event: 'DISABLED_UPDATE', ban_info: { waba_ban_state: 'DISABLE' } }, 'account_update'));
    expect((await test.call(`GET /v1/channels/${channelId}`)).at('state')).toBe('paused');
    await test.call(`POST /v1/channels/${channelId}/resume`);
  });
});

describe('what cannot be read', () => {
  it('is quarantined with a problem, and can be replayed once it can be', async () => {
    const message = { id: 'wamid.later', from: '34600111333', type: 'text', text: { body: 'Hola' } };
    const value = { metadata: { phone_number_id: '1009' }, messages: [message, { id: 'wamid.nobody' }] };
    expect((await post(valueOf(value))).body).toMatchObject({
      received: 0,
      unknownNumber: 1,
      unreadable: 1,
      notices: 2,
    });
    const listed = await test.call('GET /v1/notices?kind=message');
    const notices = listed.at('data') as { id: string; raw: { id: string }; problem: { instance: string } }[];
    expect(notices.map(({ raw }) => raw.id).toSorted()).toEqual(['wamid.later', 'wamid.nobody']);
    for (const notice of notices) {
      expect(notice).toMatchObject({
        effect: 'quarantined',
        problem: { code: 'notice_unreadable', source: 'whatsapp' },
      });
      expect((await test.call(`GET ${new URL(notice.problem.instance).pathname}`)).body).toEqual(notice.problem);
    }
    const replay = async (wamid: string) => {
      const id = notices.find(({ raw }) => raw.id === wamid)?.id ?? '';
      return (await test.call(`POST /v1/notices/${id}/replay`)).at('effect');
    };
    expect([await replay('wamid.later'), await replay('wamid.nobody')]).toEqual(['quarantined', 'quarantined']);
    const there = await makeChannel('1009');
    expect([await replay('wamid.later'), await replay('wamid.later')]).toEqual(['none', 'none']);
    expect((await test.call(`GET /v1/jobs?channelId=${there}`)).at('data')).toMatchObject([{ to: '+34600111333' }]);
    expect((await test.call('POST /v1/notices/pnt_nobodys/replay')).status).toBe(404);
  });

  it('spoils nothing beside it', async () => {
    const message = { id: 'wamid.beside', from: '34600111444', type: 'text', text: { body: 'a\0b \ud83d' } };
    const value = { metadata: null, contacts: null, statuses: [7, { id: 'wamid.s', status: 'sent', timestamp: null }] };
    const said = { entry: [null, { changes: 'x' }, ...valueOf({ ...value, messages: [null, message] }).entry] };
    expect((await post(said)).body).toMatchObject({ received: 1, parked: 1, unreadable: 2, notices: 4 });
  });

  it.each(['[]', '7', 'null', '"x"'])('is refused where it is no envelope at all: %s', async (body) => {
    expect((await post(JSON.parse(body))).status).toBe(422);
  });
});

describe('an erasure', () => {
  it('takes out of notices what names the person', async () => {
    const preference = { wa_id: '34600111555', category: 'marketing_messages', value: 'stop' };
    const longer = { ...preference, wa_id: '346001115557' };
    await post(valueOf({ user_preferences: [preference, longer] }, 'user_preferences'));
    const erased = await test.call('DELETE /v1/recipients/+34600111555');
    expect(erased.at('erased')).toMatchObject({ notices: 1 });
    const { data } = (await test.call('GET /v1/notices?field=user_preferences')).body as { data: { raw: unknown }[] };
    expect(data.map(({ raw }) => raw).toSorted((one) => (one === null ? -1 : 1))).toEqual([null, longer]);
  });
});

describe('a hundred callbacks and as many mutations of them', () => {
  it('leave a job, a status or a notice for every item, and nothing twice', async () => {
    const draw = drawBySeed(7);
    const own = await makeChannel('2001');
    const corpus = listCallbacks('2001');
    const bodies = [...corpus, ...corpus.map((body) => mutate(body, draw)), ...corpus.slice(0, 20)];
    const before = await Promise.all(['job', 'provider_status', 'notice'].map(countRows));
    const distinct = { jobs: new Set<string>(), statuses: new Set<string>(), notices: new Set<string>() };
    for (const body of bodies) {
      const answer = await post(body, own);
      expect([answer.status, JSON.stringify(body)]).toEqual([200, JSON.stringify(body)]);
      const read = readCallback(mendJson(JSON.parse(JSON.stringify(body))) as Record<string, unknown>, new Date());
      for (const { providerMessageId, phoneNumberId: number, raw } of read.messages) {
        // One to a number that is no channel is a notice.
        if (number === null || number === '2001') distinct.jobs.add(providerMessageId);
        else distinct.notices.add(toCanonicalJson(['messages', 'messages', raw, null]));
      }
      for (const { providerMessageId, status } of read.statuses)
        distinct.statuses.add(`${status} ${providerMessageId}`);
      for (const { field, list, raw, entryTime } of read.notices) {
        distinct.notices.add(toCanonicalJson([field, list, raw, entryTime]));
      }
    }
    const after = await Promise.all(['job', 'provider_status', 'notice'].map(countRows));
    const made = after.map((count, index) => count - (before[index] ?? 0));
    expect(made).toEqual([distinct.jobs.size, distinct.statuses.size, distinct.notices.size]);
  }, 120_000);
});

describe("a person's switch at WhatsApp", () => {
  it('ends and begins marketing for a person', async () => {
    const preference = (value: string, category = 'marketing_messages') =>
      post(
        valueOf(
          { user_preferences: [{ wa_id: '34600111888', category, value, timestamp: 1_796_000_000 }] },
          'user_preferences',
        ),
      );
    const marketing = async () => (await test.call('GET /v1/opt-outs/+34600111888')).at('optedOut.0.source');
    await preference('stop');
    expect(await marketing()).toBe('user_preferences');
    await preference('stop', 'something_else');
    await preference('resume');
    expect(await marketing()).toBeUndefined();
    // The same callback again, late.
    await preference('stop');
    expect(await marketing()).toBeUndefined();
    const effects = (await test.call('GET /v1/notices?kind=user_preference')).at('data') as { effect: string }[];
    // Others have said so before.
    expect(effects.slice(0, 3).map(({ effect }) => effect)).toEqual(['opted_in', 'none', 'opted_out']);
  });
});
