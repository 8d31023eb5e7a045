/** One body that can be sent as it is. */
export interface RequestExample {
  readonly summary: string;
  readonly value: unknown;
}

const to = '+34600111222';
const spanish = 'es';
const text = { type: 'message', text: 'Hola, tu pedido va de camino.', locale: 'es' };
const notification = {
  titleI18n: { en: 'Invoice due', es: 'Factura pendiente' },
  messageI18n: { en: 'Invoice 2031 is due tomorrow.', es: 'La factura 2031 vence mañana.' },
  receivers: [{ merchantId: '64e5f0a2b1c3d4e5f6a7511a', userIds: ['64e5f0a2b1c3d4e5f6a75122'] }],
};
const messages = {
  text: { summary: 'A text', value: { to, activity: text, externalId: 'order-9', conversationId: 'order-9' } },
  buttons: {
    summary: 'A question with buttons',
    value: {
      to,
      activity: {
        type: 'message',
        text: 'Shall we deliver tomorrow?',
        suggestedActions: { actions: ['Yes', 'No'].map((title) => ({ type: 'imBack', title, value: title })) },
      },
    },
  },
  picture: {
    summary: 'A picture by its link',
    value: {
      to,
      activity: {
        type: 'message',
        text: 'Your parcel',
        attachments: [{ contentType: 'image/jpeg', contentUrl: 'https://cdn.example.com/parcel.jpg' }],
      },
    },
  },
  template: {
    summary: 'A template of WhatsApp, of a campaign',
    value: {
      to,
      label: 'spring',
      whatsapp: { type: 'template', template: { name: 'order_shipped', language: { code: spanish } } },
    },
  },
};
const channelSecrets = { accessToken: 'EAAG-token', appSecret: 'app-secret', verifyToken: 'verify-token' };
const payloads = [{ metadata: { encoding: 'anNvbi9wbGFpbg==' }, data: 'eyJ0byI6IiszNDYwMDExMTIyMiJ9' }];
const codec = { payloads: { summary: 'A payload', value: { payloads } } };
const key = { readOnly: { summary: 'For a dashboard', value: { name: 'dashboard', scopes: ['jobs:read'] } } };
const activity = { text: { summary: 'A text', value: text } };
const bulk = { label: 'spring', createdAfter: '2026-03-01T00:00:00Z' };

/**
 * Named bodies for every operation that takes one, by its operationId; a test sends each to the api. They need one WhatsApp
 * channel, and notifications the integration `erp`.
 */
export const requestExamples: Readonly<Record<string, Readonly<Record<string, RequestExample>>>> = {
  acceptMessage: messages,
  previewMessage: messages,
  acceptMessages: {
    campaign: {
      summary: 'Two messages of a campaign',
      value: { label: 'spring', messages: [messages.text.value, messages.buttons.value] },
    },
  },
  acceptNotification: {
    centre: {
      summary: 'For the notification centre',
      value: {
        type: 'USER_CENTER_NOTIFICATION',
        integration: 'erp',
        externalId: 'inv-2031',
        externalType: 'INVOICE_DUE',
        data: { targetScreen: 'CARD_DETAILS', cardID: 'c-1' },
        ...notification,
      },
    },
    push: {
      summary: 'A push',
      value: { type: 'PUSH_NOTIFICATION', integration: 'erp', label: 'spring', ...notification },
    },
  },
  acceptIntegrationNotification: { invoice: { summary: 'As existing integrators send it', value: notification } },
  retryJob: {
    again: { summary: 'For as long as at first; a time says until when', value: { expiresAt: null } },
  },
  retryJobs: {
    count: { summary: 'Only count', value: { filter: { state: 'failed', ...bulk }, dryRun: true } },
    paced: {
      summary: 'What failed, ten in a second',
      value: { filter: { state: 'failed', ...bulk }, ratePerSecond: 10 },
    },
  },
  cancelJobs: {
    count: { summary: 'Only count', value: { filter: bulk, dryRun: true } },
    campaign: { summary: 'What of a campaign is not out', value: { filter: bulk } },
  },
  markMessageRead: {
    typing: {
      summary: 'Read, and an answer is being written',
      value: { messageId: 'wamid.HBgLMzQ2MDA=', typing: true },
    },
  },
  putOptOut: { marketing: { summary: 'No marketing any more', value: { category: 'marketing' } } },
  createChannel: {
    whatsapp: {
      summary: 'A WhatsApp number with a bot',
      value: {
        kind: 'whatsapp',
        name: 'Main number',
        phoneNumberId: '106540352242922',
        apiBaseUrl: 'https://graph.facebook.com/v23.0',
        botUrl: 'https://bot.example.com/api/messages',
        ...channelSecrets,
      },
    },
    oauth: {
      summary: 'A WhatsApp number behind a gateway that gives access tokens',
      value: {
        kind: 'whatsapp',
        name: 'Gateway',
        phoneNumberId: '106540352242923',
        apiBaseUrl: 'https://kernel.example.com/v23.0',
        appSecret: 'app-secret',
        verifyToken: 'verify-token',
        auth: {
          kind: 'oauth2_client_credentials',
          tokenUrl: 'https://login.example.com/oauth2/token',
          clientId: 'waypost',
          clientSecret: 'client-secret',
          scope: 'kernel.send',
        },
      },
    },
    push: {
      summary: 'Push by FCM',
      value: {
        kind: 'push',
        name: 'App',
        projectId: 'shop-app',
        apiBaseUrl: 'https://fcm.googleapis.com',
        accessToken: 'ya29.token',
      },
    },
  },
  changeChannel: { name: { summary: 'Another name', value: { name: 'Main number' } } },
  createIntegration: {
    erp: { summary: 'A system that hears of errors', value: { name: 'erp', url: 'https://erp.example.com' } },
  },
  changeIntegration: {
    schedule: { summary: 'Other waits before each try', value: { retrySchedule: [0, 10, 60] } },
  },
  createWebhook: {
    failures: {
      summary: 'A subscriber to failures',
      value: { url: 'https://hooks.example.com/waypost', events: ['message.failed', 'notification.*'] },
    },
  },
  changeWebhook: { words: { summary: 'What it is for', value: { description: 'The dashboard of the shop' } } },
  replayWebhook: {
    failed: { summary: 'What failed since a time', value: { since: '2026-03-01T00:00:00Z', onlyFailed: true } },
  },
  putMerchant: { merchant: { summary: 'A merchant', value: { name: 'Corner shop', active: true } } },
  putUser: {
    user: {
      summary: 'A user with a device',
      value: {
        active: true,
        language: 'es',
        roles: ['user'],
        push: { enabled: true, tokens: [{ token: 'device-token-1', platform: 'android' }] },
      },
    },
  },
  importDirectory: {
    users: {
      summary: 'One user a line',
      value: { merchantId: 'm-1', userId: 'u-1', active: true, language: 'es', push: { enabled: false, tokens: [] } },
    },
  },
  putDirectorySource: {
    own: { summary: 'The tables of Waypost', value: { kind: 'postgres' } },
    service: { summary: 'A service of yours', value: { kind: 'http', url: 'https://directory.example.com' } },
  },
  putTargetScreens: { cards: { summary: 'One screen and its parameter', value: { CARD_DETAILS: ['cardID'] } } },
  markRead: { read: { summary: 'It was read', value: { read: true } } },
  createApiKey: key,
  createApiKeyOfTenant: key,
  createTenant: { shop: { summary: 'A tenant', value: { name: 'Shop' } } },
  takeCallback: {
    status: {
      summary: 'A status, as Meta sends it',
      value: {
        object: 'whatsapp_business_account',
        entry: [
          {
            id: '102290129340398',
            changes: [
              {
                field: 'messages',
                value: {
                  messaging_product: 'whatsapp',
                  metadata: { display_phone_number: '34600000000', phone_number_id: '106540352242922' },
                  statuses: [
                    { id: 'wamid.x', status: 'delivered', timestamp: '1772366400', recipient_id: '34600111222' },
                  ],
                },
              },
            ],
          },
        ],
      },
    },
  },
  sendToConversation: activity,
  replyToActivity: activity,
  createConversation: {
    proactive: { summary: 'The bot begins', value: { members: [{ id: '+34600111222' }], activity: text } },
  },
  decodePayloads: codec,
  encodePayloads: codec,
  decodePayloadsForUi: codec,
  encodePayloadsForUi: codec,
};
