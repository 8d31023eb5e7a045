import { describe, expect, it } from 'vitest';
import { buildEnvelope } from '../../../../src/domain/webhook/envelope.ts';
import { aProblem } from '../../../support/a-job.ts';

describe('the envelope', () => {
  it('holds the data as the very text that is stored', () => {
    const createdAt = new Date('2026-03-01T12:00:00.000Z');
    const data = '{"b":1,"1":2,"a":"\\u00e9"}';
    const text = buildEnvelope({ id: 'evt_1', type: 'message.sent', createdAt, data }, 'https://waypost.test');
    expect(text).toBe(`{"id":"evt_1","type":"message.sent","timestamp":"2026-03-01T12:00:00.000Z","data":${data}}`);
    expect(JSON.parse(text)).toMatchObject({ data: { a: 'é' } });
  });

  // Problems led to where the product had been when they were made, long after it had moved.
  it("leads from a problem to where the product is now, and leaves what is the owner's as it is", () => {
    const metadata = { error: { type: '/problems/mine' } };
    const data = JSON.stringify({ id: 'msg_1', error: aProblem(), metadata });
    const event = { id: 'evt_1', type: 'message.failed', createdAt: new Date(), data };
    const shown = JSON.parse(buildEnvelope(event, 'https://moved.test')) as { data: unknown };
    const { type, instance } = aProblem();
    expect(shown.data).toMatchObject({
      error: { type: `https://moved.test${type}`, instance: `https://moved.test${instance}` },
      metadata,
    });
  });
});
