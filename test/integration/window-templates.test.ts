import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { metaRefusal } from '../../demo/stand-ins/meta-error.ts';
import { createFaultBound } from '../../src/activities/fault-bound.ts';
import { UnrecordedAnswer } from '../../src/activities/record-answer.ts';
import type { WindowSettings } from '../../src/domain/message/conversation-window.ts';
import { changeChannel } from '../support/idle-starter.ts';
import { comeBack as template, dayMs, openWindowFixture } from '../support/window-fixture.ts';
import { publicUrl } from '../support/worker-fixture.ts';

let place: Awaited<ReturnType<typeof openWindowFixture>>;
beforeAll(async () => {
  place = await openWindowFixture();
});
afterAll(() => place.close());

let channelId: string;
let phone: string;
const open = async (window: WindowSettings) => {
  await place.open(window);
  ({ channelId, phone } = place.now());
};
const hear = () => place.hearThem();
const accept: typeof place.write = (text, members) => place.write(text, members);
const sent = (number?: string) => place.sentTo(number);
const work = () => place.work();
const stateOf = (job: { readonly id: string }) => place.stateOf(job);

describe('outside the window, under `template`', () => {
  beforeEach(async () => {
    await open({ outside: 'template', template });
    await hear();
    place.skip(dayMs);
  });

  it('the template goes out once until the person has written again', async () => {
    const first = await accept('1');
    await accept('2');
    await work();
    expect(sent()).toEqual(['come_back']);
    expect(
      await place.rows("select caused_by from job where origin = 'window_template' and recipient = $1", [phone]),
    ).toEqual([{ caused_by: first.id }]);
    await hear();
    await work();
    expect(sent()).toEqual(['come_back', '1', '2']);
    place.skip(dayMs);
    await accept('3');
    await work();
    expect(sent()).toEqual(['come_back', '1', '2', 'come_back']);
  });

  it('what waits for a template that fails, fails with its problem', async () => {
    place.kernel.script(phone, [{ answer: metaRefusal(400, 132_001) }]);
    const first = await accept('1', { groupId: `group-${phone}` });
    const second = await accept('2', { groupId: `group-${phone}` });
    const third = await accept('3');
    for (const { id } of [first, second, third]) await place.attempt(id);
    await work();
    expect(await stateOf(first)).toEqual(['failed', null, 'whatsapp_132001']);
    expect(await stateOf(second)).toEqual(['cancelled', null, 'group_cancelled']);
    expect(await stateOf(third)).toEqual(['failed', null, 'whatsapp_132001']);
    const [problem] = await place.rows<{ error: object }>(
      "select error from job where origin = 'window_template' and recipient = $1",
      [phone],
    );
    expect((await place.find(first.id)).error).toEqual(problem?.error);
    expect(await place.kpiOf(first.id)).toMatchObject([{ event: 'refused', code: 'whatsapp_132001' }]);
    // Nobody was asked to write, so the next one asks.
    await accept('4');
    await work();
    expect(sent()).toEqual(['come_back']);
  });
});

// Went wrong: only some ends of the window's template were ends for what waited for it, and some that were none were.
describe('a window template that does not go out', () => {
  beforeEach(async () => {
    await open({ outside: 'template', template });
    await hear();
    place.skip(dayMs);
  });
  const ask = async (text: string, members: Parameters<typeof accept>[1] = {}) => {
    const job = await accept(text, members);
    await place.attempt(job.id);
    expect(await stateOf(job)).toEqual(['held', 'window', null]);
    return job;
  };
  const asker = async () => {
    const rows = await place.rows<{ id: string }>(
      "select id from job where origin = 'window_template' and recipient = $1 order by acceptance desc limit 1",
      [phone],
    );
    return rows[0]?.id ?? '';
  };

  it('as it is cancelled: the next message that has to wait asks again', async () => {
    const first = await ask('1');
    await place.control.cancel(place.tenantId, await asker());
    await ask('2');
    await work();
    expect(sent()).toEqual(['come_back']);
    expect(await stateOf(first)).toEqual(['held', 'window', null]);
  });

  it('as a fault of ours ends it: what waits fails with its problem', async () => {
    const job = await ask('1');
    const { stores, faultLog, clock, tenantId } = place;
    const bound = createFaultBound({ stores, faultLog, publicUrl, clock });
    const attempt = bound.ofAttempt(() => Promise.reject(new UnrecordedAnswer('it cannot be written down')));
    expect(await attempt({ tenantId, jobId: await asker() })).toMatchObject({ state: 'failed' });
    expect(await stateOf(job)).toEqual(['failed', null, 'internal_error']);
  });

  it('as its outcome stays unknown: what waits fails with its problem', async () => {
    await open({ outside: 'template', template });
    await changeChannel(place, channelId, { ambiguousPolicy: 'fail' });
    await hear();
    place.skip(dayMs);
    const job = await ask('1');
    place.kernel.script(phone, [{ answer: { status: 504, body: {} } }]);
    expect(await place.deliver(await asker())).toMatchObject({ state: 'failed', error: { code: 'outcome_unknown' } });
    expect(await stateOf(job)).toEqual(['failed', null, 'outcome_unknown']);
  });

  it('as it expires with the first message: what lives longer asks again', async () => {
    const first = await ask('1', { expiresAt: new Date(place.nowMs() + 300_000) });
    const second = await ask('2');
    const expiring = await asker();
    place.skip(360_000);
    for (const id of [first.id, expiring]) await place.attempt(id);
    expect(await place.find(expiring)).toMatchObject({ state: 'expired' });
    await work();
    expect(await stateOf(first)).toEqual(['expired', null, 'expired']);
    expect(await stateOf(second)).toEqual(['held', 'window', null]);
    expect(sent()).toEqual(['come_back']);
  });

  it('is withdrawn where the person has written before it went, and asks nobody', async () => {
    await ask('1');
    await hear();
    expect(await place.deliver(await asker())).toMatchObject({ state: 'cancelled', attempts: 0 });
    await work();
    expect(sent()).toEqual(['1']);
  });

  it('and fails nothing that waits for another one', async () => {
    await ask('1');
    await work();
    const { providerMessageIds } = await place.find(await asker());
    await hear();
    await work();
    place.skip(dayMs);
    const job = await ask('2');
    await work();
    const errors = [{ code: 132_001, title: 'Template does not exist' }];
    await place.tell(channelId, { wamid: providerMessageIds[0] ?? '', status: 'failed', errors });
    expect(await stateOf(job)).toEqual(['held', 'window', null]);
  });
});
