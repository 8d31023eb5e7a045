import { createHmac } from 'node:crypto';

/**
 * The unguessable part of the codec's address, which an operator enters in the Temporal Web UI. Derived, so that every api
 * process knows it and a new admin key ends it.
 */
export function createCodecCapability(adminKey: string): string {
  return createHmac('sha256', adminKey).update('waypost temporal codec').digest('base64url');
}
