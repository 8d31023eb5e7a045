import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { metaRefusal } from '../../demo/stand-ins/meta-error.ts';
import type { JobView } from '../../src/domain/job-view.ts';
import { aNumber, type Caller } from '../support/caller.ts';
import { joinProduct, type ProductChannel, type SharedProduct } from '../support/product-fixture.ts';

let place: SharedProduct;
let tenant: Caller;
let channel: ProductChannel;

beforeAll(async () => {
  place = await joinProduct();
});
afterAll(async () => {
  await place.close();
});

async function startTenant() {
  tenant = await place.makeTenant();
  channel = await place.makeChannel(tenant);
}

const after = (ms: number) => new Date(Date.now() + ms).toISOString();
const cancel = (job: JobView) => tenant.call(`POST /v1/jobs/${job.id}/cancel`);
const retry = (job: JobView) => tenant.call(`POST /v1/jobs/${job.id}/retry`);
const sendsOf = (job: JobView) => place.kernel.sends.list().filter(({ jobId }) => jobId === job.id);

describe('a message for later', () => {
  beforeAll(startTenant);

  it('is scheduled, and sent when its time has come', async () => {
    const sendAt = after(1_500);
    const job = await tenant.send({ sendAt });
    expect([job.state, job.sendAt]).toEqual(['scheduled', sendAt]);
    await tenant.follow(job.id, ['read']);
    const [send] = sendsOf(job);
    expect(send?.at).toBeGreaterThanOrEqual(Date.parse(sendAt));
  });

  it('goes out at once where its time has passed', async () => {
    const job = await tenant.send({ sendAt: after(-60_000) });
    expect(job.state).toBe('queued');
    await tenant.follow(job.id, ['read']);
  });

  it('is never sent once its cancellation was answered', async () => {
    const job = await tenant.send({ sendAt: after(1_000) });
    const answer = await cancel(job);
    expect([answer.status, answer.at('result')]).toEqual([200, 'cancelled']);
    expect((await cancel(job)).at('result')).toBe('cancelled');
    // Whatever was due with it or before it has been sent when this one has.
    const later = await tenant.send({ sendAt: after(2_000) });
    await tenant.follow(later.id, ['read']);
    const ended = await tenant.job(job.id);
    expect([ended.state, ended.terminal, ended.error, sendsOf(job).length]).toEqual(['cancelled', true, null, 0]);
  });
});

describe('a message on a paused channel', () => {
  beforeAll(startTenant);

  it('is held; cancelled it stays unsent when the channel resumes, while the others go', async () => {
    await tenant.ask(`POST /v1/channels/${channel.id}/pause`);
    const [dropped, kept] = [await tenant.send(), await tenant.send()];
    for (const { id } of [dropped, kept]) {
      const held = await tenant.follow(id, ['held']);
      expect(held.waitingFor?.reason).toBe('channel_paused');
    }
    expect((await cancel(dropped)).at('result')).toBe('cancelled');
    await tenant.ask(`POST /v1/channels/${channel.id}/resume`);
    await tenant.follow(kept.id, ['read']);
    const later = await tenant.send();
    await tenant.follow(later.id, ['read']);
    expect([sendsOf(dropped).length, sendsOf(kept).length]).toEqual([0, 1]);
  });

  it('expires where its time-to-live passes meanwhile, and is never sent', async () => {
    await tenant.ask(`POST /v1/channels/${channel.id}/pause`);
    const job = await tenant.send({ expiresAt: after(1_500) });
    const ended = await tenant.follow(job.id, ['expired']);
    expect([ended.terminal, ended.error?.code, ended.attempts]).toEqual([true, 'expired', 0]);
    await tenant.ask(`POST /v1/channels/${channel.id}/resume`);
    const later = await tenant.send();
    await tenant.follow(later.id, ['read']);
    expect(sendsOf(job)).toEqual([]);
  });
});

describe('an operator', () => {
  beforeAll(startTenant);

  it('is too late to cancel what was sent', async () => {
    const job = await tenant.send();
    await tenant.follow(job.id, ['read']);
    const answer = await cancel(job);
    expect([answer.status, answer.at('result')]).toEqual([200, 'too_late']);
    expect((await tenant.job(job.id)).state).toBe('read');
  });

  it('runs a failed message again, and it is delivered by a new attempt', async () => {
    const to = aNumber();
    place.kernel.script(to, [{ answer: metaRefusal(400, 131009, { details: 'A parameter has no valid value.' }) }]);
    const job = await tenant.send({ to });
    expect((await tenant.follow(job.id, ['failed'])).attempts).toBe(1);
    const answer = await retry(job);
    expect([answer.status, answer.at('id'), answer.at('error')]).toEqual([200, job.id, null]);
    const ended = await tenant.follow(job.id, ['read']);
    expect([ended.attempts, ended.error, sendsOf(job).length]).toEqual([2, null, 2]);
    const attempts = await tenant.list<{ outcome: string }>(`/v1/jobs/${job.id}/attempts`);
    expect(attempts.map(({ outcome }) => outcome)).toEqual(['rejected', 'accepted']);
  });

  it('runs a cancelled message again, and it is sent', async () => {
    const job = await tenant.send({ sendAt: after(3_600_000) });
    await cancel(job);
    expect((await retry(job)).status).toBe(200);
    await tenant.follow(job.id, ['read']);
    expect(sendsOf(job)).toHaveLength(1);
  });

  it('cannot run again what did not end badly', async () => {
    const job = await tenant.send();
    await tenant.follow(job.id, ['read']);
    const answer = await retry(job);
    expect([answer.status, answer.at('code')]).toEqual([409, 'conflict']);
  });
});
