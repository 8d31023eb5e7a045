import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openInboundFixture } from '../support/inbound-fixture.ts';

// A call that was left open by a process that died was made again for nothing, however often that happened.

let place: Awaited<ReturnType<typeof openInboundFixture>>;
beforeAll(async () => {
  place = await openInboundFixture();
});
afterAll(() => place.close());

describe('calls whose process dies', () => {
  /** Its record is lost as it is when a process is killed, without an outage that anybody saw. */
  async function dieInCall(jobId: string): Promise<void> {
    await place
      .createWorker({ stores: place.createDyingStores() })(jobId)
      .catch(() => undefined);
  }

  it('cost a message nothing three times in a row, and a retry each further time', async () => {
    const { id } = await place.accept(await place.addChannel({ numRetries: 2, ambiguousWindowMs: 1_000 }));
    const used: number[] = [];
    for (let calls = 0; calls < 20 && !(await place.find(id)).terminal; calls += 1) {
      await dieInCall(id);
      // Its workflow comes to it again, and finds the call open.
      const step = await place.attempt(id);
      used.push((await place.find(id)).retriesUsed);
      if (step.next === 'wait') place.skip(step.waitMs);
    }
    // Looked at last: the window after the one that was too much.
    const job = await place.find(id);
    expect(used.slice(0, 5)).toEqual([0, 0, 0, 1, 2]);
    expect(job).toMatchObject({ state: 'failed', attempts: 6, error: { code: 'outcome_unknown' } });
  });

  it('count no more once an answer is recorded', async () => {
    const { id } = await place.accept(await place.addChannel({ ambiguousWindowMs: 1_000 }), { to: '+34600000904' });
    for (let calls = 0; calls < 3; calls += 1) {
      await dieInCall(id);
      const step = await place.attempt(id);
      if (step.next === 'wait') place.skip(step.waitMs);
    }
    expect(await place.find(id)).toMatchObject({ interruptions: 3, retriesUsed: 0 });
    place.kernel.script('+34600000904', [{ answer: { status: 503 } }]);
    await place.attempt(id);
    expect(await place.find(id)).toMatchObject({ interruptions: 0, retriesUsed: 0, state: 'held' });
  });

  it('are not counted where an outage of ours explains them', async () => {
    const { id } = await place.accept(await place.addChannel({ ambiguousWindowMs: 1_000 }));
    await dieInCall(id);
    place.faultLog.noteOutage();
    await place.attempt(id);
    expect(await place.find(id)).toMatchObject({ interruptions: 0, retriesUsed: 0, isOutcomeUnknown: true });
  });

  it('end a relay after as many', async () => {
    const channelId = await place.addBotChannel({ numRetries: 1 });
    await place.receive(channelId, place.aText('Hola'));
    const [inbound] = await place.inboundOf(channelId);
    const id = inbound?.id ?? '';
    for (let calls = 0; calls < 20 && !(await place.find(id)).terminal; calls += 1) {
      await place
        .createRelay({ stores: place.createDyingStores() })(id)
        .catch(() => undefined);
    }
    expect(await place.find(id)).toMatchObject({ state: 'failed', attempts: 5, error: { code: 'outcome_unknown' } });
  });
});
