import type { ChannelChange } from '../../src/contracts/http/channels.ts';
import { createChannelConfigurer } from '../../src/usecases/configure-channel.ts';
import { createSweep } from '../../src/usecases/start-due-jobs.ts';
import { aCaller } from './a-caller.ts';
import type { DeliveryFixture } from './delivery-fixture.ts';
import type { JobStart } from '../../src/domain/job-start.ts';
import type { SweepStarter } from '../../src/usecases/start-due-jobs.ts';

/** A starter of sweeps that takes everything and starts nothing. */
export const idleStarter: SweepStarter = {
  startRelay: async () => true,
  startReplay: async () => true,
  startErasure: async () => true,
  startPurge: async () => true,
};

/** A dispatcher that only writes down which jobs it was given. */
export function listDispatched(ids: string[]) {
  return { add: (starts: readonly JobStart[]) => void ids.push(...starts.map(({ id }) => id)), queueLength: () => 0 };
}

/** A sweep over the fixture's tenant that starts nothing. */
export function createIdleSweep({ stores, clock }: Pick<DeliveryFixture, 'stores' | 'clock'>) {
  return createSweep({ ...stores, clock, retentionDays: 30, starter: idleStarter, dispatcher: listDispatched([]) });
}

/** As PATCH does. */
export async function changeChannel(
  { stores, clock, tenantId, withTenant }: Pick<DeliveryFixture, 'stores' | 'clock' | 'tenantId' | 'withTenant'>,
  channelId: string,
  change: ChannelChange,
): Promise<void> {
  const urlGuard = { checkUrl: () => ({ ok: true }) } as never; // cast: no URL is changed
  const configurer = createChannelConfigurer({ ...stores, urlGuard, clock, randomBytes: () => Buffer.alloc(1) });
  await withTenant((tx) => configurer.change(tx, aCaller(tenantId), channelId, change));
}
