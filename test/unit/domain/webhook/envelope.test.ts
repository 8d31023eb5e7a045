import { describe, expect, it } from 'vitest';
import { buildEnvelope } from '../../../../src/domain/webhook/envelope.ts';

describe('the envelope', () => {
  it('holds the data as the very text that is stored', () => {
    const createdAt = new Date('2026-03-01T12:00:00.000Z');
    const data = '{"b":1,"1":2,"a":"\\u00e9"}';
    const text = buildEnvelope({ id: 'evt_1', type: 'message.sent', createdAt, data });
    expect(text).toBe(`{"id":"evt_1","type":"message.sent","timestamp":"2026-03-01T12:00:00.000Z","data":${data}}`);
    expect(JSON.parse(text)).toMatchObject({ data: { a: 'é' } });
  });
});
