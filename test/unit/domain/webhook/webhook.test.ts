import { describe, expect, it } from 'vitest';
import { buildEnvelope } from '../../../../src/domain/webhook/envelope.ts';
import { rotateSecret, signingSecrets } from '../../../../src/domain/webhook/webhook.ts';

const now = new Date('2026-03-01T12:00:00.000Z');
const hours = (count: number) => new Date(now.getTime() + count * 3_600_000);

describe('the secrets of an endpoint', () => {
  const rotated = rotateSecret({ current: 'whsec_a', previous: null, previousUntil: null }, 'whsec_b', now);

  it('sign both for 24 hours after a rotation, the new one first', () => {
    expect(signingSecrets(rotated, now)).toEqual(['whsec_b', 'whsec_a']);
    expect(signingSecrets(rotated, hours(23.99))).toEqual(['whsec_b', 'whsec_a']);
    expect(signingSecrets(rotated, hours(24))).toEqual(['whsec_b']);
  });

  it('are two at most: rotating twice ends the oldest at once', () => {
    expect(signingSecrets(rotateSecret(rotated, 'whsec_c', hours(1)), hours(2))).toEqual(['whsec_c', 'whsec_b']);
  });
});

describe('the envelope', () => {
  it('holds the data as the very text that is stored', () => {
    const data = '{"b":1,"1":2,"a":"\\u00e9"}';
    const text = buildEnvelope({ id: 'evt_1', type: 'message.sent', createdAt: now, data });
    expect(text).toBe(`{"id":"evt_1","type":"message.sent","timestamp":"2026-03-01T12:00:00.000Z","data":${data}}`);
    expect(JSON.parse(text)).toMatchObject({ data: { a: 'é' } });
  });
});
