import type { ChannelStore, WhatsappChannel } from './channels.ts';
import type { Tx } from './transactions.ts';

/**
 * The channel that a callback's item is for. Meta calls one URL for all numbers of an app, so what came to one channel may
 * be another one's: that of this tenant with the item's number and the same app. `phoneNumberId` null = the item names no
 * number. Null = no channel has it.
 */
export async function findChannelOfNumber(
  tx: Tx,
  channels: ChannelStore,
  channelId: string,
  phoneNumberId: string | null,
): Promise<WhatsappChannel | null> {
  const called = await channels.findWhatsapp(tx, channelId);
  if (called === null || phoneNumberId === null || called.settings.phoneNumberId === phoneNumberId) return called;
  const { appSecret } = channels.openSecrets(called);
  const others = (await channels.listWhatsapp(tx)).filter((each) => each.settings.phoneNumberId === phoneNumberId);
  return others.find((each) => channels.openSecrets(each).appSecret === appSecret) ?? null;
}
