import type { WhatsappSecrets, WhatsappSettings } from '../../src/domain/channel.ts';

/** A WhatsApp channel's settings with short waits, of which a test names only what matters to it. */
export function someWhatsappSettings(members: Partial<WhatsappSettings> = {}): WhatsappSettings {
  return {
    phoneNumberId: '1001',
    apiBaseUrl: 'https://kernel.test/v23.0',
    auth: null,
    botUrl: 'https://bot.test/messages',
    kpiUrl: null,
    numRetries: 5,
    countOutages: false,
    retryInitialMs: 1_000,
    retryMaxMs: 600_000,
    statusWindowSeconds: 86_400,
    ambiguousPolicy: 'resend',
    ambiguousWindowMs: 10_000,
    ordering: 'strict',
    ratePerSecond: 80,
    userNotices: {},
    quoteReplies: false,
    markRead: 'on_typing',
    errorOverrides: {},
    wabaId: null,
    window: { outside: 'send' },
    optOutWords: [],
    optInWords: [],
    ...members,
  };
}

export const whatsappSecrets: WhatsappSecrets = {
  accessToken: 'token',
  appSecret: 'app-secret',
  verifyToken: 'verify',
  capability: 'capability',
};
