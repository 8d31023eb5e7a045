import { aWhatsappChannel, type TestApp } from './test-app.ts';

/** A channel whose bot knows its way back: `path` stands before `/v3/…`. */
export interface BotFixture {
  readonly channelId: string;
  readonly path: string;
  readonly capability: string;
}

/** Makes a WhatsApp channel of the app's first tenant and reads its capability, as its bot is told it. */
export async function openBotFixture(
  test: TestApp,
  members: Readonly<Record<string, unknown>> = {},
): Promise<BotFixture> {
  const { transactions, channels } = test.dependencies;
  const made = await test.call('POST /v1/channels', { body: aWhatsappChannel(members) });
  const channelId = String(made.at('id'));
  const channel = await transactions.withTenant(test.tenantId, (tx) => channels.findWhatsapp(tx, channelId));
  if (channel === null) throw new Error(`the channel was not made: ${made.text}`);
  const { capability } = channels.openSecrets(channel);
  return { channelId, capability, path: `/bot/${channelId}/${capability}` };
}
