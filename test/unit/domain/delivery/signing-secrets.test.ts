import { describe, expect, it } from 'vitest';
import { readSigningSecrets, replaceSecret, signingSecrets } from '../../../../src/domain/delivery/signing-secrets.ts';

const now = new Date('2026-03-01T12:00:00.000Z');
const hours = (count: number) => new Date(now.getTime() + count * 3_600_000);

describe('the secrets of an endpoint', () => {
  const replaced = replaceSecret({ current: 'whsec_a', replaced: [] }, 'whsec_b', now);

  it('sign both for 24 hours after a rotation, the new one first', () => {
    expect(signingSecrets(replaced, now)).toEqual(['whsec_b', 'whsec_a']);
    expect(signingSecrets(replaced, hours(23.99))).toEqual(['whsec_b', 'whsec_a']);
    expect(signingSecrets(replaced, hours(24))).toEqual(['whsec_b']);
  });

  it('sign each for 24 hours from its own replacement, however many there are', () => {
    // Rotating twice once ended the oldest at once: a receiver that was still changing over refused everything.
    const twice = replaceSecret(replaced, 'whsec_c', hours(1));
    expect(signingSecrets(twice, hours(23.99))).toEqual(['whsec_c', 'whsec_b', 'whsec_a']);
    expect(signingSecrets(twice, hours(24))).toEqual(['whsec_c', 'whsec_b']);
    expect(signingSecrets(twice, hours(25))).toEqual(['whsec_c']);
  });

  it('sign after an upgrade as they did before it', () => {
    // A secret that was replaced in the day before the upgrade once stopped signing with it.
    const sealed = { current: 'whsec_b', previous: 'whsec_a', previousUntil: hours(20).toISOString() };
    expect(signingSecrets(readSigningSecrets(sealed), now)).toEqual(['whsec_b', 'whsec_a']);
    expect(signingSecrets(readSigningSecrets(sealed), hours(20))).toEqual(['whsec_b']);
    const never = { current: 'whsec_b', previous: null, previousUntil: null };
    expect(readSigningSecrets(never)).toEqual({ current: 'whsec_b', replaced: [] });
    expect(readSigningSecrets({ secret: 'whsec_a' })).toEqual({ current: 'whsec_a', replaced: [] });
  });

  it('are forgotten when their time is over', () => {
    expect(replaceSecret(replaced, 'whsec_c', hours(24)).replaced.map(({ secret }) => secret)).toEqual(['whsec_b']);
  });
});
