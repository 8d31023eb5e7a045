import { createCodecCapability } from '../../src/usecases/codec-capability.ts';
import type { Caller } from './caller.ts';

interface Payload {
  readonly metadata?: Readonly<Record<string, Uint8Array>> | null;
  readonly data?: Uint8Array | null;
}

/** What a sealed payload of a history holds, opened through the codec as the Web UI does it for an operator. */
export async function openPayload(caller: Caller, adminKey: string, sealed: Payload | undefined): Promise<unknown> {
  const wire = {
    metadata: Object.fromEntries(
      Object.entries(sealed?.metadata ?? {}).map(([name, bytes]) => [name, Buffer.from(bytes).toString('base64')]),
    ),
    data: Buffer.from(sealed?.data ?? []).toString('base64'),
  };
  const opened = await caller.call(`POST /codec/${createCodecCapability(adminKey)}/decode`, {
    key: null,
    body: { payloads: [wire] },
  });
  if (opened.status !== 200) throw new Error(`the codec answered ${opened.status}: ${opened.text}`);
  return JSON.parse(Buffer.from(String(opened.at('payloads.0.data')), 'base64').toString());
}
