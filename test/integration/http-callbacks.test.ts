import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signCallback } from '../support/signed-callback.ts';
import { aWhatsappChannel, startTestApp, type TestApp } from '../support/test-app.ts';

let test: TestApp;
let channelId: string;
beforeAll(async () => {
  test = await startTestApp();
  const made = await test.call('POST /v1/channels', { body: aWhatsappChannel({ appSecret: 'a-secret' }) });
  channelId = String(made.at('id'));
});
afterAll(() => test.close());

/** One callback as Meta sends it; a batch of it mixes whatever has happened. */
function post(statuses: readonly object[]) {
  const body = Buffer.from(
    JSON.stringify({
      object: 'whatsapp_business_account',
      entry: [{ id: 'waba', changes: [{ field: 'messages', value: { statuses } }] }],
    }),
  );
  return test.call(`POST /v1/channels/${channelId}/callbacks`, {
    body,
    key: null,
    headers: signCallback(body, 'a-secret'),
  });
}

/** Messages that Kernel took under `wamid.<prefix>-<n>`. */
async function insertAccepted(prefix: string, count: number): Promise<void> {
  await test.database.transactions.withTenant(test.tenantId, async (tx) => {
    await tx.execute({
      text: `insert into job (id, tenant_id, kind, state, channel_id, recipient, request, expires_at, created_at, updated_at)
        select $1 || '-' || n, $2, 'message', 'accepted', $3, '+34600111222', '{}', now() + interval '1 day', now(), now()
        from generate_series(1, $4) n`,
      values: [prefix, test.tenantId, channelId, count],
    });
    await tx.execute({
      text: `insert into message_part (tenant_id, provider_message_id, job_id, part, state)
        select $2, 'wamid.' || $1 || '-' || n, $1 || '-' || n, 0, 'accepted' from generate_series(1, $3) n`,
      values: [prefix, test.tenantId, count],
    });
  });
}

async function countJobs(prefix: string, state: string): Promise<number> {
  const rows = await test.database.transactions.withTenant(test.tenantId, (tx) =>
    tx.query({ text: 'select 1 from job where id like $1 and state = $2', values: [`${prefix}-%`, state] }),
  );
  return rows.length;
}

async function readMetric(line: string): Promise<number> {
  const text = (await test.call('GET /metrics', { key: null })).text;
  return Number(
    text
      .split('\n')
      .find((each) => each.startsWith(`${line} `))
      ?.split(' ')[1] ?? Number.NaN,
  );
}

const outcome = (name: string) => readMetric(`waypost_provider_statuses_total{outcome="${name}"}`);
const delivered = (id: string) => ({ id, status: 'delivered', timestamp: '1760000000' });

describe('a callback of a thousand statuses', () => {
  it('is stored item by item: what is new, known, foreign or unreadable is counted apart', async () => {
    await insertAccepted('mixed', 500);
    const known = Array.from({ length: 500 }, (_, index) => delivered(`wamid.mixed-${index + 1}`));
    const foreign = Array.from({ length: 200 }, (_, index) => delivered(`wamid.foreign-${index}`));
    const broken = Array.from({ length: 100 }, (_, index) =>
      index % 2 === 0 ? { status: 'sent', index } : { id: `x\u0000${index}`, status: 'sent' },
    );
    const answer = await post([...foreign, ...broken, ...known, ...known.slice(0, 200)]);
    expect([answer.status, answer.body]).toMatchObject([
      200,
      { applied: 500, duplicates: 200, parked: 250, unreadable: 50, notices: 50 },
    ]);
    expect(await countJobs('mixed', 'delivered')).toBe(500);
    expect([await outcome('applied'), await outcome('duplicate'), await outcome('parked')]).toEqual([500, 200, 250]);
    expect([await outcome('unreadable'), await outcome('dropped')]).toEqual([50, 0]);
    // A NUL in an id is mended, so that such a status is kept like any other.
    expect(await readMetric('waypost_provider_statuses_parked')).toBe(250);
    expect((await post([...foreign, ...known])).body).toMatchObject({ applied: 0, duplicates: 700, parked: 0 });
  });

  it('with one that cannot be stored is refused and comes again, and the others are stored the first time', async () => {
    await insertAccepted('poison', 1_000);
    const owner = new pg.Client({ connectionString: test.database.url });
    await owner.connect();
    try {
      await owner.query(`create function refuse_one() returns trigger language plpgsql as
        $$ begin raise exception 'not this one'; end $$;
        create trigger refuse_one before insert on provider_status for each row
          when (new.provider_message_id = 'wamid.poison-500') execute function refuse_one()`);
      const all = Array.from({ length: 1_000 }, (_, index) => delivered(`wamid.poison-${index + 1}`));
      expect((await post(all)).status).toBe(500);
      expect(await countJobs('poison', 'delivered')).toBe(999);
      await owner.query('drop trigger refuse_one on provider_status');
      expect((await post(all)).body).toMatchObject({ applied: 1, duplicates: 999, parked: 0, unreadable: 0 });
      expect(await countJobs('poison', 'delivered')).toBe(1_000);
    } finally {
      await owner.end();
    }
  });
});

describe('callbacks that are refused for their signature', () => {
  // With a wrong `appSecret` each status was refused with 403, and no job, problem, event, metric or channel said so.
  const refuse = async (headers: Readonly<Record<string, string>>) =>
    (await test.call(`POST /v1/channels/${channelId}/callbacks`, { body: '{}', key: null, headers })).status;
  const wrong = signCallback(Buffer.from('{}'), 'another-secret');
  const health = async () => (await test.call(`GET /v1/channels/${channelId}`)).at('health');
  const told = async () => {
    await test.dependencies.channelSigns.flush();
    const [problems, events] = [
      await test.call('GET /v1/problems?code=signature_invalid'),
      await test.call('GET /v1/events?types=channel.callbacks_refused'),
    ];
    return [problems.at('data'), events.at('data')] as [{ detail: string }[], { data: Record<string, unknown> }[]]; // cast: the contract
  };

  it('show in the health of the channel, one problem, one event and a metric; again they only count', async () => {
    expect([await refuse(wrong), await refuse(wrong), await refuse({})]).toEqual([403, 403, 401]);
    expect(await refuse(wrong)).toBe(403);
    const [problems, events] = await told();
    expect(problems).toMatchObject([
      { code: 'signature_invalid', scope: 'number', detail: expect.stringContaining(channelId) },
    ]);
    expect(events).toMatchObject([{ data: { id: channelId, problem: { code: 'signature_invalid' } } }]);
    const refused = { lastRefusedAt: expect.any(String), refused24h: 4, code: 'signature_invalid' };
    expect(await health()).toMatchObject({ callbacks: refused });
    expect(await readMetric('waypost_callbacks_refused_total{code="signature_invalid"}')).toBe(3);
    await refuse(wrong);
    expect((await told()).map((list) => list.length)).toEqual([1, 1]);
    expect(await health()).toMatchObject({ callbacks: { ...refused, refused24h: 5 } });
  });

  it('are written once a minute, however many come', async () => {
    const version = async () =>
      test.database.transactions.withTenant(test.tenantId, (tx) =>
        tx.query<{ xmin: string }>({ text: 'select xmin::text from channel_health' }),
      );
    const before = await version();
    for (let count = 0; count < 50; count += 1) await refuse(wrong);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(await health()).toMatchObject({ callbacks: { refused24h: 5 } });
    // Each second the row was written with nothing new in it.
    expect(await version()).toEqual(before);
    await told();
    expect(await health()).toMatchObject({ callbacks: { refused24h: 55 } });
  });

  it('of a channel that is not there leave nothing', async () => {
    const answer = await test.call('POST /v1/channels/chn_00000000000000000000000000/callbacks', {
      body: '{}',
      headers: wrong,
    });
    expect(answer.status).toBe(404);
  });
});

it('a channel shows when a status and a message last came', async () => {
  const before = new Date(Date.now() - 1_000).toISOString();
  await post([delivered('wamid.health-1')]);
  await test.dependencies.channelSigns.flush();
  const { body } = await test.call(`GET /v1/channels/${channelId}`);
  const { health } = body as { health: Record<string, string | null> }; // cast: the contract
  expect(health['lastStatusAt']?.localeCompare(before)).toBe(1);
  expect(health['lastSendAt']).toBeNull();
});
