import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { KeyRing } from '../domain/key-ring.ts';

export interface RingKey {
  readonly id: string;
  readonly key: Uint8Array;
}

const ivBytes = 12;
const tagBytes = 16;

/**
 * AES-256-GCM with a fresh 96-bit nonce for each seal (NIST SP 800-38D). Sealed bytes are nonce, tag, ciphertext; sealed
 * text is `keyId.base64url`. The first key seals, every key opens: rotation puts a new key in front and keeps the old.
 */
export function createKeyRing(keys: readonly RingKey[]): KeyRing {
  const first = keys[0];
  if (first === undefined) throw new Error('a key ring needs at least one key');
  const byId = new Map(keys.map((key) => [key.id, key.key]));

  function seal(key: RingKey, bytes: Uint8Array): Uint8Array {
    const iv = randomBytes(ivBytes);
    const cipher = createCipheriv('aes-256-gcm', key.key, iv);
    const sealed = Buffer.concat([cipher.update(bytes), cipher.final()]);
    return Buffer.concat([iv, cipher.getAuthTag(), sealed]);
  }

  function open(keyId: string, bytes: Uint8Array): Uint8Array {
    const key = byId.get(keyId);
    if (key === undefined) throw new Error(`no key named ${keyId} in WAYPOST_ENCRYPTION_KEYS`);
    if (bytes.length < ivBytes + tagBytes) throw new Error('sealed bytes are too short');
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, ivBytes), { authTagLength: tagBytes });
    decipher.setAuthTag(bytes.subarray(ivBytes, ivBytes + tagBytes));
    return Buffer.concat([decipher.update(bytes.subarray(ivBytes + tagBytes)), decipher.final()]);
  }

  return {
    sealingKeyId: first.id,
    sealText: (text) => `${first.id}.${Buffer.from(seal(first, Buffer.from(text, 'utf8'))).toString('base64url')}`,
    openText: (sealed) => {
      const dot = sealed.indexOf('.');
      if (dot < 1) throw new Error('there is no key named in the sealed text');
      return Buffer.from(open(sealed.slice(0, dot), Buffer.from(sealed.slice(dot + 1), 'base64url'))).toString('utf8');
    },
    sealBytes: (bytes) => ({ keyId: first.id, sealed: seal(first, bytes) }),
    openBytes: open,
  };
}
