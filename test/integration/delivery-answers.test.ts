import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KernelStep } from '../../demo/stand-ins/kernel-script.ts';
import { metaRefusal } from '../../demo/stand-ins/meta-error.ts';
import { type DeliveryFixture, openDeliveryFixture } from '../support/delivery-fixture.ts';
import { startRawServer } from '../support/raw-server.ts';

let place: DeliveryFixture;
beforeAll(async () => {
  place = await openDeliveryFixture();
});
afterAll(() => place.close());

/** A channel at a port that refuses connections. */
async function addDeadChannel(): Promise<string> {
  const server = await startRawServer(() => undefined);
  await server.close();
  return place.addChannel({ apiBaseUrl: `http://127.0.0.1:${server.port}/v23.0` });
}

describe('an attempt that Kernel accepts', () => {
  it('leaves an accepted message, one attempt, one event and one KPI event', async () => {
    const channelId = await place.addChannel();
    const { id } = await place.accept(channelId, { to: '+34600000001' });
    expect(await place.attempt(id, true)).toEqual({
      next: 'end',
      state: 'accepted',
      errorCode: null,
      problem: null,
      attempts: 1,
    });
    const job = await place.find(id);
    const [send] = place.sendsOf(id);
    expect(job).toMatchObject({
      state: 'accepted',
      terminal: false,
      attempts: 1,
      waitingFor: { reason: 'status' },
      providerMessageIds: [send?.wamid],
      wakeAt: null,
      error: null,
    });
    expect(send?.payload).toMatchObject({ to: '+34600000001', text: { body: 'Hola' }, biz_opaque_callback_data: id });
    expect(await place.attemptsOf(id)).toEqual([
      { number: 1, part: 0, outcome: 'accepted', http_status: 200, code: null },
    ]);
    expect(await place.timelineOf(id)).toEqual(['message.queued', 'message.accepted']);
    expect((await place.kpiOf(id)).map(({ event }) => event)).toEqual(['accepted']);
  });

  it('is not made twice: attempting again finds nothing to do', async () => {
    const { id } = await place.accept(await place.addChannel());
    await place.attempt(id);
    expect(await place.attempt(id)).toMatchObject({ next: 'end', state: 'accepted', attempts: 1 });
    expect(place.sendsOf(id)).toHaveLength(1);
  });

  it('never comes to an activity that is no message: it was skipped when it was accepted', async () => {
    const { id } = await place.accept(await place.addChannel(), { request: { activity: { type: 'typing' } } });
    const skipped = { state: 'skipped', terminal: true, error: null, attempts: 0, wakeAt: null };
    expect(await place.find(id)).toMatchObject({ ...skipped, finishedAt: expect.any(Date) });
    expect(await place.deliver(id)).toMatchObject(skipped);
    expect(await place.timelineOf(id)).toEqual(['message.skipped']);
    expect(place.sendsOf(id)).toEqual([]);
  });

  it('skips such an activity of an older row, without a send and without an error', async () => {
    const { id } = await place.accept(await place.addChannel());
    await place.rows(`update job set request = '{"activity":{"type":"typing"}}' where id = $1`, [id]);
    expect(await place.deliver(id)).toMatchObject({ state: 'skipped', terminal: true, error: null, attempts: 0 });
    expect(place.sendsOf(id)).toEqual([]);
  });

  it('says "missing" of a job that is not there', async () => {
    expect(await place.attempt('msg_unknown')).toMatchObject({ next: 'end', state: 'missing' });
  });
});

const refused = (status: number, code: number): KernelStep => ({ answer: metaRefusal(status, code) });

describe('an attempt that Kernel refuses', () => {
  //  what Kernel says                                    the problem's code  class      attempt    job     waits for
  it.each([
    ['code 131026', refused(400, 131_026), 'whatsapp_131026', 'permanent', 'rejected', 'failed', null],
    ['404 without a code', { answer: { status: 404 } }, 'kernel_http_error', 'permanent', 'rejected', 'failed', null],
    ['503', { answer: { status: 503 } }, 'kernel_http_error', 'transient', 'retry', 'held', 'retry'],
    ['code 130429', refused(400, 130_429), 'whatsapp_130429', 'throttled', 'retry', 'held', 'rate_limit'],
    ['code 131056', refused(400, 131_056), 'whatsapp_131056', 'throttled', 'retry', 'held', 'rate_limit'],
    ['code 190', refused(401, 190), 'whatsapp_190', 'configuration', 'retry', 'held', 'channel_paused'],
    ['code 368', refused(403, 368), 'whatsapp_368', 'policy', 'retry', 'held', 'channel_paused'],
    ['500', { answer: { status: 500 } }, 'kernel_http_error', 'ambiguous', 'ambiguous', 'held', 'retry'],
    ['504', { answer: { status: 504 } }, 'kernel_http_error', 'ambiguous', 'ambiguous', 'held', 'retry'],
    ['200 without an id', { answer: { body: {} } }, 'kernel_http_error', 'ambiguous', 'ambiguous', 'held', 'retry'],
    ['half a body', { answer: { fault: 'cut_body' } }, 'kernel_http_error', 'ambiguous', 'ambiguous', 'held', 'retry'],
    [
      'a reset',
      { answer: { fault: 'reset_after_body' } },
      'kernel_unreachable',
      'ambiguous',
      'ambiguous',
      'held',
      'retry',
    ],
  ] as const)('with %s has its class', async (_, step, code, errorClass, outcome, state, waits) => {
    const { id } = await place.accept(await place.addChannel(), { to: '+34600000002' });
    place.kernel.script('+34600000002', [step]);
    await place.attempt(id);
    const job = await place.find(id);
    expect(job.error).toMatchObject({ code, class: errorClass, source: 'kernel', attempt: 1, jobId: id });
    expect(job).toMatchObject({ state, terminal: state === 'failed', userInformed: false });
    expect(job.waitingFor?.reason ?? null).toBe(waits);
    expect(job.isOutcomeUnknown).toBe(errorClass === 'ambiguous');
    expect(await place.attemptsOf(id)).toMatchObject([{ number: 1, outcome, code }]);
    expect(await place.kpiOf(id)).toMatchObject([{ event: 'kernel_error', code, recoverable: state !== 'failed' }]);
  });

  it('is safe to send again where nobody listens', async () => {
    const { id } = await place.accept(await addDeadChannel());
    await place.attempt(id);
    expect((await place.find(id)).error).toMatchObject({ code: 'kernel_unreachable', class: 'transient' });
  });

  it('may have gone out where no answer came in time', async () => {
    const impatient = place.createWorker({
      http: { ...place.http, request: (call) => place.http.request({ ...call, timeoutMs: 300 }) },
    });
    const { id } = await place.accept(await place.addChannel(), { to: '+34600000003' });
    place.kernel.script('+34600000003', [{ answer: { fault: 'hang' } }]);
    await impatient(id);
    expect((await place.find(id)).error).toMatchObject({ code: 'kernel_timeout', class: 'ambiguous' });
  });

  it('at rendering never reaches Kernel, and is told with the pointer of the culprit', async () => {
    const request = { activity: { type: 'message', text: '' } };
    const { id } = await place.accept(await place.addChannel(), { request });
    const job = await place.deliver(id);
    expect(job).toMatchObject({ state: 'failed', attempts: 0, userInformed: true, error: { source: 'rendering' } });
    expect(job.error?.errors).toHaveLength(1);
    expect(place.sendsOf(id)).toEqual([]);
    expect(await place.kpiOf(id)).toMatchObject([{ event: 'rendering_error', recoverable: false, userInformed: true }]);
    expect(await place.noticesOf(id)).toEqual([place.started.at(-1)?.id]);
  });

  it('is what the channel says it is, where the channel overrides a code', async () => {
    const channelId = await place.addChannel({ errorOverrides: { '131026': { class: 'transient' } } });
    const { id } = await place.accept(channelId, { to: '+34600000004' });
    place.kernel.script('+34600000004', [refused(400, 131_026)]);
    expect(await place.deliver(id)).toMatchObject({ state: 'accepted', attempts: 2, error: null });
  });
});

describe('the circuit breaker', () => {
  it('holds the messages of a destination that was unreachable ten times in a row, and no others', async () => {
    const worker = place.createWorker();
    const channelId = await addDeadChannel();
    for (let count = 0; count < 10; count += 1) await worker((await place.accept(channelId)).id, true);
    for (const isFastPath of [true, false]) {
      const { id } = await place.accept(channelId);
      expect(await worker(id, isFastPath)).toMatchObject({ next: 'end', state: 'held' });
      expect(await place.find(id)).toMatchObject({ state: 'held', waitingFor: { reason: 'outage' }, attempts: 0 });
    }
    const healthy = await place.accept(await place.addChannel());
    expect(await worker(healthy.id, true)).toMatchObject({ next: 'end', state: 'accepted' });
  });
});
