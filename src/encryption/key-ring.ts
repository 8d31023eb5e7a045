import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { KeyRing, SealedPlace } from '../domain/key-ring.ts';

export interface RingKey {
  readonly id: string;
  readonly key: Uint8Array;
}

const ivBytes = 12;
const tagBytes = 16;
/** The form of sealed text: bound to its place. Another form would be another word here and in the associated data. */
const textForm = 'v2';
const nowhere = new Uint8Array();

/**
 * AES-256-GCM with a fresh 96-bit nonce for each seal (NIST SP 800-38D). Sealed bytes are nonce, tag, ciphertext; sealed
 * text is `keyId.v2.base64url`, with its place as associated data. The first key seals, every key opens: rotation puts a
 * new key in front and keeps the old.
 */
export function createKeyRing(keys: readonly RingKey[]): KeyRing {
  const first = keys[0];
  if (first === undefined) throw new Error('a key ring needs at least one key');
  const byId = new Map(keys.map((key) => [key.id, key.key]));

  function seal(key: RingKey, bytes: Uint8Array, place: Uint8Array): Uint8Array {
    const iv = randomBytes(ivBytes);
    const cipher = createCipheriv('aes-256-gcm', key.key, iv).setAAD(place);
    const sealed = Buffer.concat([cipher.update(bytes), cipher.final()]);
    return Buffer.concat([iv, cipher.getAuthTag(), sealed]);
  }

  function open(keyId: string, bytes: Uint8Array, place: Uint8Array): Uint8Array {
    const key = byId.get(keyId);
    if (key === undefined) throw new Error(`no key named ${keyId} in WAYPOST_ENCRYPTION_KEYS`);
    if (bytes.length < ivBytes + tagBytes) throw new Error('sealed bytes are too short');
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, ivBytes), { authTagLength: tagBytes });
    decipher.setAAD(place).setAuthTag(bytes.subarray(ivBytes, ivBytes + tagBytes));
    return Buffer.concat([decipher.update(bytes.subarray(ivBytes + tagBytes)), decipher.final()]);
  }

  const sealingPrefix = `${first.id}.${textForm}.`;
  return {
    sealingKeyId: first.id,
    sealingPrefix,
    sealText: (text, place) => {
      const sealed = seal(first, Buffer.from(text, 'utf8'), toAssociatedData(place));
      return `${sealingPrefix}${Buffer.from(sealed).toString('base64url')}`;
    },
    openText: (sealed, place) => {
      const [keyId = '', form, encoded = ''] = sealed.split('.');
      if (form !== textForm) throw new Error(`the sealed text is not of the form ${textForm}`);
      return Buffer.from(open(keyId, Buffer.from(encoded, 'base64url'), toAssociatedData(place))).toString('utf8');
    },
    sealBytes: (bytes) => ({ keyId: first.id, sealed: seal(first, bytes, nowhere) }),
    openBytes: (keyId, bytes) => open(keyId, bytes, nowhere),
  };
}

/** A JSON list: no two places are written alike. */
function toAssociatedData({ column, tenantId, row }: SealedPlace): Uint8Array {
  return Buffer.from(JSON.stringify([`waypost ${textForm}`, column, tenantId, row]), 'utf8');
}
