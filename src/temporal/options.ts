import type { DataConverter } from '@temporalio/common';
import type { KeyRing } from '../domain/key-ring.ts';
import { createPayloadCodec } from './codec.ts';

/** The one data converter of clients, workers and replays: JSON, sealed by the key ring. */
export function createDataConverter(keyRing: KeyRing): DataConverter {
  return { payloadCodecs: [createPayloadCodec({ keyRing })] };
}
