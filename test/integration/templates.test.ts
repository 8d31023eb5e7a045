import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { CallbackNotice } from '../../src/contracts/http/callback-items.ts';
import { replaceTemplates } from '../../src/store/templates.ts';
import { createKeepNotices } from '../../src/usecases/keep-notices.ts';
import { metaRefusal } from '../../demo/stand-ins/meta-error.ts';
import { changeChannel, createIdleSweep } from '../support/idle-starter.ts';
import { openPeopleFixture } from '../support/people-fixture.ts';

// Went wrong: each message of a paused template was sent to be refused, and one of a rejected template, too.
let place: Awaited<ReturnType<typeof openPeopleFixture>>;
beforeAll(async () => {
  place = await openPeopleFixture();
});
afterAll(() => place.close());

let channelId: string;
let wabaId: string;
let count = 0;
beforeEach(async () => {
  wabaId = String(7_000 + (count += 1));
  channelId = await place.addBotChannel({ wabaId });
});

const named = { message_template_name: 'offer', message_template_language: 'es' };
async function tell(value: object, field = 'message_template_status_update') {
  const keepNotices = createKeepNotices({ ...place.stores, clock: place.clock });
  const context = { metadata: null, contacts: null };
  const raw = { ...named, ...value };
  const entryTime = (count += 1);
  const notice: CallbackNotice = {
    field,
    list: null,
    raw,
    context,
    phoneNumberId: null,
    wabaId,
    fault: null,
    entryTime,
  };
  const effects: string[] = [];
  await keepNotices({ tenantId: place.tenantId, channelId, requestId: 'req_1' }, [notice], (_field, effect) =>
    effects.push(effect),
  );
  return effects;
}
const template = { name: 'offer', language: { code: 'es' } };
const offer = { whatsapp: { type: 'template', template } };
const accept = (members: Parameters<typeof place.accept>[1] = {}) =>
  place.accept(channelId, { request: offer, conversationId: 'conv-1', ...members });
const stateOf = async ({ id }: { id: string }) => {
  const { state, waitingFor, error } = await place.find(id);
  return [state, waitingFor?.reason ?? null, error?.code ?? null];
};
const deliver = ({ id }: { id: string }) => place.deliver(id);

describe('a template that WhatsApp has stopped', () => {
  it('is waited for while it is paused; other messages overtake it, and it goes when it is approved again', async () => {
    expect(await tell({ event: 'PAUSED', reason: 'LOW_QUALITY' })).toEqual(['template_stopped']);
    const held = await accept();
    await deliver(held);
    expect(await stateOf(held)).toEqual(['held', 'template', null]);
    expect((await place.find(held.id)).waitingFor?.detail).toBe('its template "offer" (es) is PAUSED');
    const text = await accept({ request: { activity: { type: 'message', text: 'Hi' } } });
    expect(await deliver(text)).toMatchObject({ state: 'accepted' });
    const otherLanguage = await accept({
      request: { whatsapp: { type: 'template', template: { ...template, language: { code: 'en' } } } },
    });
    expect(await deliver(otherLanguage)).toMatchObject({ state: 'accepted' });
    expect(await tell({ new_quality_score: 'RED' }, 'message_template_quality_update')).toEqual(['none']);
    expect(await stateOf(held)).toEqual(['held', 'template', null]);
    expect(await tell({ event: 'APPROVED' })).toEqual(['none']);
    expect((await place.find(held.id)).wakeAt?.getTime()).toBeLessThan(held.expiresAt.getTime());
    expect(await deliver(held)).toMatchObject({ state: 'accepted' });
  });

  it('fails what names it once it is rejected, before anything is sent, also what waits', async () => {
    await tell({ event: 'PENDING' });
    const waiting = await accept();
    await deliver(waiting);
    await tell({ event: 'REJECTED', reason: 'INVALID_FORMAT' });
    const later = await accept();
    for (const job of [waiting, later]) {
      await deliver(job);
      expect(await stateOf(job)).toEqual(['failed', null, 'template_unavailable']);
      expect(await place.attemptsOf(job.id)).toEqual([]);
    }
    expect((await place.find(later.id)).error?.detail).toBe('The template "offer" (es) is REJECTED: INVALID_FORMAT.');
  });

  it('is none of a channel without a wabaId, and an unknown one is sent', async () => {
    await tell({ event: 'DISABLED' });
    const elsewhere = await place.addBotChannel();
    const job = await place.accept(elsewhere, { request: offer });
    expect(await deliver(job)).toMatchObject({ state: 'accepted' });
    const unknown = await accept({ request: { whatsapp: { type: 'template', template: { ...template, name: 'x' } } } });
    expect(await deliver(unknown)).toMatchObject({ state: 'accepted' });
  });

  it('is gone where a sync does not list it, and goes where it does', async () => {
    await tell({ event: 'PAUSED' });
    const held = await accept();
    await deliver(held);
    const sync = (templates: Parameters<typeof replaceTemplates>[2]) =>
      place.withTenant((tx) =>
        replaceTemplates(tx, { tenantId: place.tenantId, wabaId, channelId, now: place.clock() }, templates),
      );
    const known = {
      name: 'offer',
      language: 'es',
      status: 'APPROVED',
      quality: null,
      category: 'MARKETING',
      reason: null,
    };
    await sync([known]);
    expect(await deliver(held)).toMatchObject({ state: 'accepted' });
    await sync([{ ...known, name: 'other' }]);
    const job = await accept();
    await deliver(job);
    expect(await stateOf(job)).toEqual(['failed', null, 'template_unavailable']);
  });
});

// Went wrong: one news of a template locked, updated and started all that waited for any template, in the callback's transaction.
describe('many messages that wait for templates', () => {
  const held = async (id: string) => {
    const [row] = await place.rows<{ count: number }>(
      `select count(*)::integer as count from job where channel_id = $1 and waiting_reason = 'template' and (id = $2 or starts_with(id, $2 || '-'))`,
      [channelId, id],
    );
    return row?.count;
  };
  async function copy(id: string, count: number): Promise<void> {
    const [row] = await place.rows<{ columns: string }>(
      `select string_agg(column_name, ', ') as columns from information_schema.columns
        where table_name = 'job' and is_generated = 'NEVER' and column_name not in ('id', 'acceptance')`,
    );
    const columns = row?.columns ?? '';
    await place.rows(
      `insert into job (id, ${columns}) select $1 || '-' || n, ${columns} from job, generate_series(1, $2::integer) n where id = $1`,
      [id, count],
    );
  }
  const sweep = () => createIdleSweep(place);

  it('are let go a page at a time, and those of another template not at all', async () => {
    const other = { whatsapp: { type: 'template', template: { ...template, name: 'other' } } };
    await tell({ event: 'PAUSED' });
    await tell({ event: 'PAUSED', message_template_name: 'other' });
    const [first, second] = [
      await accept({ conversationId: null }),
      await accept({ conversationId: null, request: other }),
    ];
    for (const job of [first, second]) await deliver(job);
    await copy(first.id, 700);
    await tell({ event: 'APPROVED' });
    expect(await held(first.id)).toBe(201);
    expect(await held(second.id)).toBe(1);
    expect(await sweep().releaseHeldMessages()).toEqual({ hasMore: false });
    expect(await held(first.id)).toBe(0);
    expect(await held(second.id)).toBe(1);
    expect(await place.rows('select 1 from held_release')).toEqual([]);
    expect(await place.timelineOf(`${first.id}-700`)).toEqual(['message.released']);
  });

  it('are judged anew where their channel gets another account', async () => {
    await tell({ event: 'PAUSED' });
    const job = await accept();
    await deliver(job);
    await changeChannel(place, channelId, { wabaId: '1' });
    expect(await stateOf(job)).toEqual(['held', 'turn', null]);
    expect(await deliver(job)).toMatchObject({ state: 'accepted' });
  });

  it('and what Kernel has held (132015) goes with the news, also on a channel without an account', async () => {
    channelId = await place.addBotChannel();
    const { phone } = place.somebody();
    place.kernel.script(phone, [{ answer: metaRefusal(400, 132_015) }]);
    const job = await accept({ to: phone });
    await deliver(job);
    expect(await stateOf(job)).toEqual(['held', 'template', 'whatsapp_132015']);
    wabaId = '0';
    await tell({ event: 'APPROVED' });
    expect(await stateOf(job)).toEqual(['held', 'turn', 'whatsapp_132015']);
    expect(await deliver(job)).toMatchObject({ state: 'accepted' });
  });
});

it('a template that is registered as marketing is bound by that opt-out', async () => {
  const { phone } = place.somebody();
  await tell({ new_category: 'MARKETING' }, 'template_category_update');
  const said = { tenantId: place.tenantId, id: phone, category: 'marketing', source: 'api', channelId: null } as const;
  await place.withTenant((tx) => place.stores.optOuts.optOut(tx, { ...said, now: place.clock() }));
  const job = await accept({ to: phone });
  await deliver(job);
  expect(await stateOf(job)).toEqual(['failed', null, 'recipient_opted_out']);
});
