import type { Payload, PayloadCodec } from '@temporalio/common';
import proto from '@temporalio/proto';
import type { KeyRing } from '../domain/key-ring.ts';

const { Payload: PayloadMessage } = proto.temporal.api.common.v1;

const encodingKey = 'encoding';
const keyIdKey = 'waypost-key';
const sealedEncoding = 'binary/encrypted';

const text = { encode: new TextEncoder(), decode: new TextDecoder() };

/**
 * Seals payloads with the key ring before they leave the process, so that Temporal keeps no content in clear. Bare JSON
 * strings stay readable: every input and result of ours is an object, so a bare string is a summary written for people in
 * the Web UI, and those hold no personal data. The metadata names the key, never its bytes.
 *
 * What comes back unsealed and is no summary was not written by us: it is refused, so that who can write to Temporal cannot
 * hand our code an input. `unsealed: 'show'` is for people's eyes, who may see what is there.
 */
export function createPayloadCodec(options: {
  readonly keyRing: KeyRing;
  readonly unsealed?: 'refuse' | 'show';
}): PayloadCodec {
  const { keyRing, unsealed = 'refuse' } = options;
  return {
    async encode(payloads) {
      return payloads.map((payload) => {
        if (isSummary(payload)) return payload;
        const { keyId, sealed } = keyRing.sealBytes(PayloadMessage.encode(payload).finish());
        return {
          metadata: { [encodingKey]: text.encode.encode(sealedEncoding), [keyIdKey]: text.encode.encode(keyId) },
          data: sealed,
        };
      });
    },
    async decode(payloads) {
      return payloads.map((payload) => {
        const keyId = payload.metadata?.[keyIdKey];
        const isSealed = text.decode.decode(payload.metadata?.[encodingKey] ?? new Uint8Array()) === sealedEncoding;
        if (!isSealed || keyId === undefined || keyId === null) {
          if (unsealed === 'show' || isSummary(payload)) return payload;
          throw new Error('A payload is not sealed, so Waypost did not write it.');
        }
        return PayloadMessage.decode(keyRing.openBytes(text.decode.decode(keyId), payload.data ?? new Uint8Array()));
      });
    },
  };
}

const quote = '"'.charCodeAt(0);

function isSummary(payload: Payload): boolean {
  const encoding = text.decode.decode(payload.metadata?.[encodingKey] ?? new Uint8Array());
  return encoding === 'json/plain' && payload.data?.[0] === quote;
}
