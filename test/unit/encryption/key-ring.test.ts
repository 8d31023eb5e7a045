import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createKeyRing } from '../../../src/encryption/key-ring.ts';

const old = { id: 'k1', key: new Uint8Array(32).fill(1) };
const fresh = { id: 'k2', key: new Uint8Array(32).fill(2) };
const impostor = { id: 'k1', key: new Uint8Array(32).fill(3) };

describe('createKeyRing', () => {
  it('opens every text and all bytes that it sealed', () => {
    const ring = createKeyRing([old]);
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.uint8Array(), (text, bytes) => {
        expect(ring.openText(ring.sealText(text))).toBe(text);
        const { keyId, sealed } = ring.sealBytes(bytes);
        expect([...ring.openBytes(keyId, sealed)]).toEqual([...bytes]);
      }),
    );
  });

  it('shows nothing of the text, and seals it differently each time', () => {
    const ring = createKeyRing([old]);
    const [one, other] = [ring.sealText('secret'), ring.sealText('secret')];
    expect(one).not.toBe(other);
    expect(one.startsWith('k1.')).toBe(true);
    expect(Buffer.from(one, 'base64url').includes('secret')).toBe(false);
  });

  it('after a rotation seals with the new key and still opens what the old one sealed', () => {
    const sealed = createKeyRing([old]).sealText('secret');
    const ring = createKeyRing([fresh, old]);
    expect(ring.openText(sealed)).toBe('secret');
    expect(ring.sealText('secret').startsWith('k2.')).toBe(true);
  });

  it('names the missing key, and never its bytes, once the old key is gone', () => {
    const sealed = createKeyRing([old]).sealText('secret');
    expect(() => createKeyRing([fresh]).openText(sealed)).toThrow('no key named k1 in WAYPOST_ENCRYPTION_KEYS');
  });

  it('refuses a key of the same name that is another', () => {
    const sealed = createKeyRing([old]).sealText('secret');
    expect(() => createKeyRing([impostor]).openText(sealed)).toThrow('unable to authenticate');
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

  it.each(['', 'secret', 'k1', 'k1.', 'k1.!!!', '.x'])('refuses "%s", which nothing has sealed', (text) => {
    expect(() => createKeyRing([old]).openText(text)).toThrow(/no key named|too short/);
  });

  it('needs a key', () => {
    expect(() => createKeyRing([])).toThrow('at least one key');
  });
});
