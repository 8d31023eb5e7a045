import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import { describe, expect, it } from 'vitest';
import { createKeyRing } from '../../../src/encryption/key-ring.ts';
import { createPayloadCodec } from '../../../src/temporal/codec.ts';

const key = { id: 'k1', key: new Uint8Array(32).fill(7) };
const codec = createPayloadCodec({ keyRing: createKeyRing([key]) });

function payloadOf(value: unknown): Payload {
  const payload = defaultPayloadConverter.toPayload(value);
  if (payload === undefined) throw new Error('the converter made no payload');
  return payload;
}

const textOf = (bytes: Uint8Array | null | undefined) => Buffer.from(bytes ?? []).toString('latin1');

describe('createPayloadCodec', () => {
  it.each([
    ['an object', { jobId: 'msg_1', to: '+34600111222' }],
    ['a list', ['a', 'b']],
    ['a number', 7],
    ['nothing', null],
    ['undefined', undefined],
    ['bytes', Uint8Array.of(34, 1, 2)],
  ])('seals %s, and opens it again', async (_, value) => {
    const payload = payloadOf(value);
    const [sealed] = await codec.encode([payload]);
    expect(textOf(sealed?.metadata?.['encoding'])).toBe('binary/encrypted');
    expect(textOf(sealed?.metadata?.['waypost-key'])).toBe('k1');
    expect(textOf(sealed?.data)).not.toContain('600111222');
    const [opened] = await codec.decode([sealed ?? {}]);
    expect(defaultPayloadConverter.fromPayload(opened ?? {})).toEqual(value);
  });

  it('leaves a bare string readable: only summaries are one', async () => {
    const summary = payloadOf('waits for the provider');
    expect(await codec.encode([summary])).toEqual([summary]);
    expect(await codec.decode([summary])).toEqual([summary]);
  });

  it('keeps each payload in its place', async () => {
    const payloads = [payloadOf({ a: 1 }), payloadOf('plain'), payloadOf({ b: 2 })];
    const opened = await codec.decode(await codec.encode(payloads));
    expect(opened.map((payload) => defaultPayloadConverter.fromPayload(payload))).toEqual([
      { a: 1 },
      'plain',
      { b: 2 },
    ]);
  });

  // An unsealed payload was passed on: who could write to Temporal could give our activities an input of his own.
  it.each<[string, Payload]>([
    ['an object in clear', payloadOf({ tenantId: 'ten_1', jobId: 'msg_1' })],
    ['a list in clear', payloadOf(['ten_1'])],
    ['nothing in clear', payloadOf(null)],
    ['a string behind a blank', { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from(' "x"') }],
    ['bytes that begin like a string', payloadOf(Uint8Array.of(34, 1, 2))],
    ['what names no key', { metadata: { encoding: Buffer.from('binary/encrypted') }, data: Buffer.from('x') }],
    ['an empty payload', {}],
  ])('refuses %s, and shows it to people', async (_, payload) => {
    await expect(codec.decode([payload])).rejects.toThrow('not sealed');
    const forPeople = createPayloadCodec({ keyRing: createKeyRing([key]), unsealed: 'show' });
    const [sealed] = await codec.encode([payloadOf({ a: 1 })]);
    const shown = await forPeople.decode([payload, sealed ?? {}]);
    expect(shown[0]).toEqual(payload);
    expect(defaultPayloadConverter.fromPayload(shown[1] ?? {})).toEqual({ a: 1 });
  });

  it('refuses what was sealed by a key it does not hold', async () => {
    const other = createPayloadCodec({ keyRing: createKeyRing([{ ...key, id: 'k9' }]) });
    const sealed = await other.encode([payloadOf({ a: 1 })]);
    await expect(codec.decode(sealed)).rejects.toThrow('no key named k9');
  });
});
