import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SealedPlace } from '../../../src/domain/key-ring.ts';
import { createKeyRing } from '../../../src/encryption/key-ring.ts';

const old = { id: 'k1', key: new Uint8Array(32).fill(1) };
const fresh = { id: 'k2', key: new Uint8Array(32).fill(2) };
const place: SealedPlace = { column: 'channel.secrets', tenantId: 'ten_1', row: 'chn_1' };
const impostor = { id: 'k1', key: new Uint8Array(32).fill(3) };

describe('createKeyRing', () => {
  it('opens every text and all bytes that it sealed', () => {
    const ring = createKeyRing([old]);
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.uint8Array(), (text, bytes) => {
        expect(ring.openText(ring.sealText(text, place), place)).toBe(text);
        const { keyId, sealed } = ring.sealBytes(bytes);
        expect([...ring.openBytes(keyId, sealed)]).toEqual([...bytes]);
      }),
    );
  });

  it('shows nothing of the text, and seals it differently each time', () => {
    const ring = createKeyRing([old]);
    const [one, other] = [ring.sealText('secret', place), ring.sealText('secret', place)];
    expect(one).not.toBe(other);
    expect(one.startsWith('k1.v2.')).toBe(true);
    expect(ring.sealingPrefix).toBe('k1.v2.');
    expect(Buffer.from(one, 'base64url').includes('secret')).toBe(false);
  });

  // A ciphertext without its place can be moved: another tenant's access token was used by whoever had it in his row.
  it.each([
    ['another row', { row: 'chn_2' }],
    ["another tenant's row of the same id", { tenantId: 'ten_2' }],
    ['another column', { column: 'webhook.secrets' }],
    ['a place that is spelt alike when joined', { tenantId: 'ten_1","chn_1', row: '' }],
  ])('does not open what was moved to %s', (_, moved) => {
    const ring = createKeyRing([old]);
    const sealed = ring.sealText('secret', place);
    expect(() => ring.openText(sealed, { ...place, ...moved })).toThrow('unable to authenticate');
    expect(ring.openText(sealed, place)).toBe('secret');
  });

  it('does not open as text what was sealed as bytes, whatever is written before it', () => {
    const ring = createKeyRing([old]);
    const bytes = Buffer.from(ring.sealBytes(Buffer.from('secret')).sealed).toString('base64url');
    expect(() => ring.openText(`k1.v2.${bytes}`, place)).toThrow('unable to authenticate');
    expect(() => ring.openText(`k1.${bytes}`, place)).toThrow('not of the form v2');
  });

  it('after a rotation seals with the new key and still opens what the old one sealed', () => {
    const sealed = createKeyRing([old]).sealText('secret', place);
    const ring = createKeyRing([fresh, old]);
    expect(ring.openText(sealed, place)).toBe('secret');
    expect(ring.sealText('secret', place).startsWith('k2.')).toBe(true);
  });

  it('names the missing key, and never its bytes, once the old key is gone', () => {
    const sealed = createKeyRing([old]).sealText('secret', place);
    expect(() => createKeyRing([fresh]).openText(sealed, place)).toThrow('no key named k1 in WAYPOST_ENCRYPTION_KEYS');
  });

  it('refuses a key of the same name that is another', () => {
    const sealed = createKeyRing([old]).sealText('secret', place);
    expect(() => createKeyRing([impostor]).openText(sealed, place)).toThrow('unable to authenticate');
  });

  it('refuses bytes of which any bit was changed, and bytes that were cut', () => {
    const ring = createKeyRing([old]);
    const { keyId, sealed } = ring.sealBytes(Buffer.from('secret'));
    for (let index = 0; index < sealed.length; index += 1) {
      const changed = Uint8Array.from(sealed);
      changed[index] = (changed[index] ?? 0) ^ 1;
      expect(() => ring.openBytes(keyId, changed)).toThrow('unable to authenticate');
      expect(() => ring.openBytes(keyId, sealed.subarray(0, index))).toThrow(/too short|unable to authenticate/);
    }
  });

  it.each(['', 'secret', 'k1', 'k1.', 'k1.!!!', '.x', 'k1.v2', 'k1.v2.!!!', '.v2.x', 'k1.v3.x'])(
    'refuses "%s", which nothing has sealed',
    (text) => {
      expect(() => createKeyRing([old]).openText(text, place)).toThrow(/no key named|too short|not of the form v2/);
    },
  );

  it('needs a key', () => {
    expect(() => createKeyRing([])).toThrow('at least one key');
  });
});
