import { timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { type CallbackKeySource, unknownChannel } from './callback-keys.ts';

/** Under this prefix the unguessable part of the path says that the caller is the channel's bot. */
export const botPrefix = '/bot/:channelId/:capability';

/**
 * A hook for routes under `botPrefix`: before a byte of the body is read it compares the capability with the channel's,
 * and notes the tenant on the request. A wrong one is answered like an unknown channel. It never changes in the life of
 * a channel, so a guess that does not fit costs no second look at the database.
 */
export function requireCapability(callbackKeys: CallbackKeySource) {
  return async (request: FastifyRequest): Promise<void> => {
    // The router fills both for every path under the prefix.
    const { channelId, capability } = request.params as { channelId: string; capability: string };
    const { tenantId, secrets } = await callbackKeys.read(channelId);
    const [given, expected] = [Buffer.from(capability), Buffer.from(secrets.capability)];
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) throw unknownChannel();
    request.tenantId = tenantId;
    request.admission?.claimChannel(channelId, tenantId);
  };
}
