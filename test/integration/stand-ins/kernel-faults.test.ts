import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type KernelFixture, openKernelFixture, waitForTold } from './kernel-fixture.ts';

const to = '+34600111222';

describe('the faults of the Kernel stand-in', () => {
  let place: KernelFixture;
  beforeEach(async () => {
    place = await openKernelFixture();
  });
  afterEach(() => place.stop());

  it('reset a connection before the body is read, once for each that was asked', async () => {
    place.kernel.resetNext(1);
    await expect(place.send(to)).rejects.toThrow('fetch failed');
    expect(place.kernel.sends.total).toBe(0);
    expect((await place.send(to)).status).toBe(200);
  });

  it('reset a connection after the body, and the message may have gone out', async () => {
    place.kernel.script(to, [{ answer: { fault: 'reset_after_body' }, callbacks: ['delivered'] }]);
    await expect(place.send(to, 'msg_3')).rejects.toThrow('fetch failed');
    expect(await waitForTold(place, 1)).toEqual(['delivered']);
    expect(place.kernel.sends.list()).toMatchObject([{ jobId: 'msg_3', outcome: 'reset_after_body', wentOut: true }]);
  });

  it('leave a send without any answer', async () => {
    place.kernel.script(to, [{ answer: { fault: 'hang' } }]);
    const outcome = await Promise.race([
      place.send(to).then(
        () => 'answered',
        () => 'cut',
      ),
      new Promise((resolve) => setTimeout(() => resolve('still waiting'), 80)),
    ]);
    expect(outcome).toBe('still waiting');
    expect(place.kernel.sends.countWentOut('msg_1')).toBe(0);
  });

  it('give the head of an answer and then nothing', async () => {
    place.kernel.script(to, [{ answer: { fault: 'headers_only' } }]);
    const response = await place.send(to);
    expect(response.status).toBe(200);
    const body = response.text().catch(() => 'cut');
    expect(await Promise.race([body, new Promise((resolve) => setTimeout(() => resolve('nothing'), 80))])).toBe(
      'nothing',
    );
  });

  it('cut an answer in the middle', async () => {
    place.kernel.script(to, [{ answer: { fault: 'cut_body' } }]);
    const response = await place.send(to);
    await expect(response.text()).rejects.toThrow('terminated');
  });

  it('drip an answer byte by byte, which still is an acceptance', async () => {
    place.kernel.script(to, [{ answer: { fault: 'slow_drip', dripMs: 1 }, callbacks: [] }]);
    const startedAt = Date.now();
    const response = await place.send(to);
    expect(await response.json()).toMatchObject({ messaging_product: 'whatsapp' });
    expect(Date.now() - startedAt).toBeGreaterThan(100);
    expect(place.kernel.sends.countWentOut('msg_1')).toBe(1);
  });

  it('refuse connections while it is down, on the same port as before', async () => {
    const { url } = place.kernel;
    await place.kernel.goDown();
    await expect(place.send(to)).rejects.toThrow('fetch failed');
    await place.kernel.comeBack();
    expect(place.kernel.url).toBe(url);
    expect((await place.send(to)).status).toBe(200);
  });
});

describe('a Kernel stand-in that decides by itself', () => {
  it('asks for each send that no script covers', async () => {
    const place = await openKernelFixture({
      decide: ({ jobId }) => (jobId === 'msg_odd' ? { answer: { status: 500 } } : null),
    });
    expect([(await place.send(to, 'msg_odd')).status, (await place.send(to, 'msg_even')).status]).toEqual([500, 200]);
    await place.stop();
  });

  it('keeps only the newest sends, and the counts of all', async () => {
    const place = await openKernelFixture({ recordLimit: 2, callbacks: [] });
    for (const jobId of ['msg_1', 'msg_2', 'msg_3', 'msg_4', 'msg_5']) await place.send(to, jobId);
    const { sends } = place.kernel;
    expect(sends.list().map(({ jobId }) => jobId)).toEqual(['msg_4', 'msg_5']);
    expect([sends.total, sends.countSends('msg_1')]).toEqual([5, 1]);
    await place.stop();
  });
});
