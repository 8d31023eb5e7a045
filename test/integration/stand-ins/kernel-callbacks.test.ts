import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type KernelFixture, openKernelFixture, waitForTold } from './kernel-fixture.ts';

const to = '+34600111222';

describe('the callbacks of the Kernel stand-in', () => {
  let place: KernelFixture;
  beforeEach(async () => {
    place = await openKernelFixture();
  });
  afterEach(() => place.stop());

  it('come before the answer when they are early', async () => {
    place.kernel.script(to, [{ callbacks: ['read', { status: 'delivered', early: true }] }]);
    await place.send(to);
    expect(place.told[0]?.status).toBe('delivered');
    expect(await waitForTold(place, 2)).toEqual(['delivered', 'read']);
  });

  it('come in the scripted order, the same bytes twice, or never', async () => {
    place.kernel.script(to, [{ callbacks: ['read', { status: 'sent', copies: 2 }] }, { callbacks: [] }]);
    await place.send(to);
    expect(await waitForTold(place, 3)).toEqual(['read', 'sent', 'sent']);
    expect(place.bodies[1]).toBe(place.bodies[2]);
    await place.send(to);
    await sleep(30);
    expect(place.told).toHaveLength(3);
  });

  it('hold several statuses in one body, with an unknown id in the middle', async () => {
    const unknown = { status: 'delivered' as const, wamid: 'wamid.unknown', jobId: null };
    place.kernel.script(to, [{ callbacks: [{ statuses: [{ status: 'sent' }, unknown, { status: 'read' }] }] }]);
    await place.send(to, 'msg_9');
    expect(await waitForTold(place, 3)).toEqual(['sent', 'delivered', 'read']);
    expect(place.bodies).toHaveLength(1);
    expect(place.told.map(({ jobId }) => jobId)).toEqual(['msg_9', undefined, 'msg_9']);
  });

  it('wait as long as they are told to', async () => {
    place.kernel.script(to, [{ callbacks: [{ status: 'sent', afterMs: 120 }] }]);
    const startedAt = Date.now();
    await place.send(to);
    await waitForTold(place, 1);
    expect(Date.now() - startedAt).toBeGreaterThanOrEqual(118);
  });

  it('are repeated until they are answered with 200', async () => {
    place.answers.push(503, 500);
    place.kernel.script(to, [{ callbacks: ['sent'] }]);
    await place.send(to);
    expect(await waitForTold(place, 1)).toEqual(['sent']);
    expect(place.bodies).toHaveLength(3);
    // The answer is counted a moment after it was given.
    await expect.poll(() => place.kernel.callbacks).toMatchObject({ taken: 1, refused: 2, lost: 0 });
  });

  it('are repeated while nobody listens', async () => {
    await place.sink.goDown();
    place.kernel.script(to, [{ callbacks: ['sent'] }]);
    await place.send(to);
    await sleep(50);
    await place.sink.comeBack();
    expect(await waitForTold(place, 1)).toEqual(['sent']);
  });

  it('carry a wrong signature, or none, when a script says so', async () => {
    const callbacks = (['wrong', 'absent', 'valid'] as const).map((signature) => ({
      status: 'sent' as const,
      signature,
    }));
    place.kernel.script(to, [{ callbacks }]);
    await place.send(to);
    await waitForTold(place, 3);
    expect(place.signed).toEqual([false, false, true]);
  });

  it("tell of a user's message as Meta does", async () => {
    const item = { type: 'text', text: { body: 'Hola' } };
    await place.kernel.receive('1001', [{ from: to, name: 'Ana', wamid: 'wamid.in1', item }]);
    expect(place.signed).toEqual([true]);
    expect(JSON.parse(place.bodies[0] ?? '')).toMatchObject({
      entry: [
        {
          changes: [
            {
              value: {
                contacts: [{ profile: { name: 'Ana' }, wa_id: '34600111222' }],
                messages: [{ id: 'wamid.in1', from: '34600111222', text: { body: 'Hola' } }],
              },
            },
          ],
        },
      ],
    });
  });
});
