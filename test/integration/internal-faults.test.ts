import { MockActivityEnvironment } from '@temporalio/testing';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Answer } from '../../demo/stand-ins/answer.ts';
import { maxFaults } from '../../src/domain/internal-fault.ts';
import { openInboundFixture } from '../support/inbound-fixture.ts';

// What failed deterministically was tried some 720 times an hour while the job said `queued` without a reason; where the
// record after a call failed, the call was made again each time: a user got the message 20 times in 40 s.

type InboundFixture = Awaited<ReturnType<typeof openInboundFixture>>;
let place: InboundFixture;
let owner: pg.Client;
beforeAll(async () => {
  place = await openInboundFixture();
  owner = new pg.Client({ connectionString: place.database.url });
  await owner.connect();
  // One trigger for every table, told by a table of what to refuse.
  await asOwner(`create table poison (table_name text, operation text, job_id text)`);
  await asOwner('grant select on poison to public');
  await asOwner(`create function refuse_poison() returns trigger language plpgsql as $$
    begin
      if exists (select 1 from poison where table_name = tg_table_name and operation = tg_op
        and job_id in (to_jsonb(new) ->> 'job_id', case when tg_table_name = 'job' then to_jsonb(new) ->> 'id' end)) then
        raise exception 'poison for Ana';
      end if;
      return new;
    end $$`);
  for (const table of [
    'attempt',
    'message_part',
    'timeline_entry',
    'event',
    'delivery',
    'problem',
    'recipient',
    'job',
  ]) {
    await asOwner(
      `create trigger poisoned before insert or update on ${table} for each row execute function refuse_poison()`,
    );
  }
});
afterAll(async () => {
  await owner.end();
  await place.close();
});

async function asOwner(text: string, values: unknown[] = []): Promise<void> {
  await owner.query(text, values);
}

async function poison(
  jobId: string,
  ...targets: readonly [table: string, operation: 'INSERT' | 'UPDATE'][]
): Promise<void> {
  for (const target of targets) await asOwner('insert into poison values ($1, $2, $3)', [...target, jobId]);
}

const eventsOf = async (jobId: string): Promise<string[]> =>
  (await place.rows<{ type: string }>('select type from event where job_id = $1 order by sequence', [jobId])).map(
    ({ type }) => type,
  );

describe('a message that meets the same fault at each try', () => {
  it('is seen to wait, and fails with internal_error after a few tries, which names the line in the log', async () => {
    const { id } = await place.accept(await place.addChannel({ kpiUrl: place.bot.url }));
    await poison(id, ['attempt', 'INSERT']);
    expect(await place.attempt(id, true)).toMatchObject({ next: 'wait', state: 'held', errorCode: 'internal_error' });
    expect(await place.find(id)).toMatchObject({ state: 'held', waitingFor: { reason: 'retry' }, internalFaults: 1 });
    const job = await place.deliver(id);
    expect(job).toMatchObject({ state: 'failed', terminal: true, wakeAt: null, error: { code: 'internal_error' } });
    const reports = place.faults.filter(({ ids }) => ids['jobId'] === id);
    expect(reports).toHaveLength(maxFaults);
    expect(job.error?.detail).toContain(reports.at(-1)?.id);
    expect(JSON.stringify(job.error)).not.toContain('Ana');
    expect(place.sendsOf(id)).toEqual([]);
    expect(await eventsOf(id)).toEqual(['message.failed']);
    expect(await place.kpiOf(id)).toMatchObject([{ event: 'kernel_error', code: 'internal_error', willRetry: false }]);
  });

  it('counts its tries over all workflows and pages', async () => {
    const { id } = await place.accept(await place.addChannel());
    await poison(id, ['attempt', 'INSERT']);
    const page = place.makeActivities();
    for (let tries = 1; tries < maxFaults; tries += 1) {
      const workflowExecution = { workflowId: `page-${tries}`, runId: `run-${tries}` };
      const run = new MockActivityEnvironment({ workflowExecution });
      expect(
        await run.run((input: { tenantId: string; jobIds: string[] }) => page.attemptPage(input), {
          tenantId: place.tenantId,
          jobIds: [id],
        }),
      ).toEqual({ done: 0, left: 1 });
      place.skip(60_000);
    }
    await place.attempt(id);
    expect(await place.find(id)).toMatchObject({ state: 'failed', error: { code: 'internal_error' } });
  });

  it('lets the next of its conversation go, and ends its group', async () => {
    const channelId = await place.addChannel();
    const members = { conversationId: 'conv-poison', to: '+34600000901' };
    const poisoned = await place.accept(channelId, { ...members, groupId: 'group-poison' });
    const ofGroup = await place.accept(channelId, { ...members, groupId: 'group-poison' });
    const next = await place.accept(channelId, members);
    await poison(poisoned.id, ['attempt', 'INSERT']);
    await place.deliver(poisoned.id);
    expect(await place.find(ofGroup.id)).toMatchObject({ state: 'cancelled', error: { code: 'group_cancelled' } });
    expect(place.woken.map(({ id }) => id)).toContain(next.id);
    expect(await place.deliver(next.id)).toMatchObject({ state: 'accepted' });
  });

  it('ends by its row alone where nothing else can be written, and the next of its conversation goes on', async () => {
    const channelId = await place.addChannel();
    const members = { conversationId: 'conv-worse', to: '+34600000902' };
    const { id } = await place.accept(channelId, members);
    const next = await place.accept(channelId, members);
    await poison(id, ['attempt', 'INSERT'], ['timeline_entry', 'INSERT'], ['event', 'INSERT'], ['problem', 'INSERT']);
    expect(await place.deliver(id)).toMatchObject({ state: 'failed', error: { code: 'internal_error' }, wakeAt: null });
    expect(place.woken.map((woken) => woken.id)).toContain(next.id);
    expect(await place.deliver(next.id)).toMatchObject({ state: 'accepted' });
  });

  it('ends so, and the next goes on past one that waits for the person to write', async () => {
    // The one that had given up its turn was taken for the next in line, and nobody was woken.
    const channelId = await place.addChannel();
    const members = { conversationId: 'conv-window', to: '+34600000904' };
    const { id } = await place.accept(channelId, members);
    const outside = await place.accept(channelId, members);
    const next = await place.accept(channelId, members);
    await place.rows("update job set waiting_reason = 'window' where id = $1", [outside.id]);
    await poison(id, ['attempt', 'INSERT'], ['timeline_entry', 'INSERT'], ['event', 'INSERT'], ['problem', 'INSERT']);
    expect(await place.deliver(id)).toMatchObject({ state: 'failed' });
    expect(place.woken.map((woken) => woken.id)).toContain(next.id);
  });

  it('keeps its event where only its timeline cannot be written', async () => {
    const { id } = await place.accept(await place.addChannel());
    await poison(id, ['attempt', 'INSERT'], ['timeline_entry', 'INSERT']);
    expect(await place.deliver(id)).toMatchObject({ state: 'failed', error: { code: 'internal_error' } });
    expect(await eventsOf(id)).toEqual(['message.failed']);
  });

  it('is told to Temporal as the fault itself where not even its row can be written', async () => {
    const { id } = await place.accept(await place.addChannel());
    await poison(id, ['job', 'UPDATE']);
    const before = place.faults.length;
    await expect(place.attempt(id)).rejects.toThrow('poison');
    expect(place.faults.length).toBeGreaterThan(before);
  });

  it('has its tries anew when it is run again', async () => {
    const { id } = await place.accept(await place.addChannel());
    await poison(id, ['attempt', 'INSERT']);
    await place.deliver(id);
    await asOwner('delete from poison where job_id = $1', [id]);
    await place.control.retry(place.tenantId, id);
    expect(await place.find(id)).toMatchObject({ state: 'queued', internalFaults: 0 });
    expect(await place.deliver(id)).toMatchObject({ state: 'accepted', error: null });
  });
});

describe('an answer that cannot be recorded', () => {
  it('ends the message without another send, and a status corrects it', async () => {
    const channelId = await place.addChannel();
    const { id } = await place.accept(channelId);
    await poison(id, ['message_part', 'INSERT']);
    expect(await place.deliver(id)).toMatchObject({ state: 'failed', attempts: 1, error: { code: 'internal_error' } });
    expect(place.sendsOf(id)).toHaveLength(1);
    expect((await place.attemptsOf(id)).map(({ outcome }) => outcome)).toEqual(['ambiguous']);
    await asOwner('delete from poison where job_id = $1', [id]);
    await place.tell(channelId, { wamid: place.sendsOf(id)[0]?.wamid ?? '', status: 'delivered', jobId: id });
    expect(await place.find(id)).toMatchObject({ state: 'delivered', error: null });
  });

  it('ends the relay without asking the bot again', async () => {
    const channelId = await place.addBotChannel();
    await place.receive(channelId, place.aText('Hola'));
    const [inbound] = await place.inboundOf(channelId);
    const asked = place.bot.messages().length;
    await poison(inbound?.id ?? '', ['attempt', 'UPDATE']);
    expect(await place.relay(inbound?.id ?? '')).toMatchObject({ state: 'failed', error: { code: 'internal_error' } });
    expect(place.bot.messages()).toHaveLength(asked + 1);
    expect(await eventsOf(inbound?.id ?? '')).toEqual(['inbound.received', 'inbound.failed']);
  });

  it('is no matter of a status that came before it', async () => {
    const channelId = await place.addChannel();
    const { id } = await place.accept(channelId);
    const worker = place.createWorker({
      stores: { ...place.stores, statuses: { apply: () => Promise.reject(new TypeError('an odd status')) } },
    });
    place.kernel.script('+34600111222', [{ answer: { status: 200, body: { messages: [{ id: 'wamid.early' }] } } }]);
    await place.tell(channelId, { wamid: 'wamid.early', status: 'delivered' });
    await worker(id);
    expect(await place.find(id)).toMatchObject({ state: 'accepted', providerMessageIds: ['wamid.early'] });
    expect(place.faults.at(-1)?.ids).toMatchObject({ jobId: id });
  });
});

describe('an upstream that answers with what cannot be stored', () => {
  it("is not asked for ever: a message's id that is none is a success that cannot be read", async () => {
    const { id } = await place.accept(await place.addChannel({ numRetries: 2 }), { to: '+34600000903' });
    const body = { messages: [{ id: 'wamid.\u0000' }] };
    place.kernel.script('+34600000903', [{ answer: { status: 200, body }, times: 50 }]);
    expect(await place.deliver(id)).toMatchObject({ state: 'failed', attempts: 3, possibleDuplicate: true });
    expect(place.sendsOf(id)).toHaveLength(3);
  });

  async function relayOne(activity: NonNullable<Answer['body']>) {
    const channelId = await place.addBotChannel();
    await place.receive(channelId, place.aText('Hola'));
    const [inbound] = await place.inboundOf(channelId);
    const asked = place.bot.messages().length;
    place.bot.script('message', [{ status: 200, body: { activities: [activity] } }]);
    const job = await place.relay(inbound?.id ?? '');
    expect(place.bot.messages()).toHaveLength(asked + 1);
    return { job, replies: await place.repliesTo(job.id) };
  }

  it.each<[string, NonNullable<Answer['body']>]>([
    ['a NUL', { type: 'message', channelData: { whatsapp: { type: 'x\u0000' } } }],
    ['half a surrogate pair', { type: 'message', text: '\ud83d' }],
  ])('is mended where a bot’s reply holds %s', async (_, activity) => {
    const { job, replies } = await relayOne(activity);
    expect([job.state, replies.length]).toEqual(['completed', 1]);
    expect(JSON.stringify(replies[0]?.request)).toContain('\uFFFD');
  });

  it('makes a bot’s reply with more levels than any card has a bad one, and the bot is asked once', async () => {
    const { job, replies } = await relayOne({ type: 'message', value: deep(1_000) });
    expect(job).toMatchObject({ state: 'failed', error: { code: 'bot_bad_reply' } });
    expect(replies).toEqual([]);
  });
});

function deep(levels: number): NonNullable<Answer['body']> {
  let value: NonNullable<Answer['body']> = 1;
  for (let level = 0; level < levels; level += 1) value = [value];
  return value;
}
