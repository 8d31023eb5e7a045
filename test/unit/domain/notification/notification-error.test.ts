import { describe, expect, it } from 'vitest';
import { findMappingFault } from '../../../../src/domain/notification/mapping.ts';
import { judgeRecipients } from '../../../../src/domain/notification/judge-recipients.ts';
import { localize } from '../../../../src/domain/notification/localize.ts';
import { toFailure, writeNotificationError } from '../../../../src/domain/notification/notification-error.ts';
import type { NotificationContent } from '../../../../src/domain/notification/request.ts';

const merchantId = '64e5fe2e34951d5b444a511a';
const userId = '64e5fe2e34951d5b444a5122';

describe('the errors of a notification', () => {
  it.each([
    ['unspecified_receivers', {}, 'Unspecified receivers.', 400, 'api', 'notification'],
    ['unspecified_users', { merchantId }, `Unspecified users for merchant ${merchantId}.`, 400, 'api', 'merchant'],
    [
      'error_retrieving_active_users_for_merchant',
      { merchantId },
      `Error retrieving active users for merchant ${merchantId}.`,
      500,
      'directory',
      'merchant',
    ],
    [
      'no_active_users_for_merchant',
      { merchantId },
      `There are no active users for merchant ${merchantId}.`,
      404,
      'directory',
      'merchant',
    ],
    [
      'no_active_user_for_merchant',
      { merchantId, userId },
      `The user ${userId} is not active for merchant ${merchantId}.`,
      404,
      'directory',
      'recipient',
    ],
    ['unable_to_map_custom_notification', {}, 'Unable to map notification.', 500, 'rendering', 'notification'],
    [
      'unable_to_save_custom_notification',
      { merchantId, userId },
      `Unable to save notification for user ${userId} of merchant ${merchantId}.`,
      500,
      'store',
      'recipient',
    ],
  ] as const)('%s is worded as integrators know it', (code, subject, description, status, source, scope) => {
    const error = writeNotificationError(code, subject);
    expect(error).toMatchObject({ code, description, status });
    expect(toFailure(error, null)).toMatchObject({ code, source, scope, detail: description });
  });
});

describe('mapping', () => {
  const content: NotificationContent = {
    type: 'USER_CENTER_NOTIFICATION',
    titleI18n: { en: 'Title' },
    messageI18n: { es: 'Texto' },
    data: {},
    externalId: null,
    externalType: null,
  };
  const screens = { CARD_DETAILS: ['cardID'], HOME: [] };

  it.each([
    ['a title and a message in any language', {}, null],
    ['a known screen with its parameters', { data: { targetScreen: 'CARD_DETAILS', cardID: 0 } }, null],
    ['a screen without parameters', { data: { targetScreen: 'HOME', more: 1 } }, null],
    ['no screen at all', { data: { targetScreen: null } }, null],
    ['no title', { titleI18n: {} }, 'titleI18n has no text in any language'],
    ['blank messages', { messageI18n: { en: ' ', es: '' } }, 'messageI18n has no text in any language'],
    ['an unknown screen', { data: { targetScreen: 'constructor' } }, 'data.targetScreen names an unknown screen'],
    ['a screen that is no text', { data: { targetScreen: 7 } }, 'data.targetScreen is no text'],
    [
      'a missing parameter',
      { data: { targetScreen: 'CARD_DETAILS' } },
      'data lacks cardID, which its target screen needs',
    ],
    [
      'a null parameter',
      { data: { targetScreen: 'CARD_DETAILS', cardID: null } },
      'data lacks cardID, which its target screen needs',
    ],
  ])('judges %s', (_case, change, fault) => {
    expect(findMappingFault({ ...content, ...change }, screens)).toBe(fault);
  });

  it.each([null, {}])('allows any screen where the tenant has set %j', (targetScreens) => {
    expect(findMappingFault({ ...content, data: { targetScreen: 'ANY' } }, targetScreens)).toBeNull();
  });
});

describe('what a reader gets', () => {
  const content = {
    titleI18n: { fr: 'Titre', en: 'Title', es: 'Título' },
    messageI18n: { fr: 'Texte', de: 'Text', en: ' ' },
  };
  it.each([
    ['es-ES', 'en', { title: 'Título', message: 'Texte', language: 'es' }],
    ['de', 'en', { title: 'Title', message: 'Text', language: 'en' }],
    [null, 'it', { title: 'Titre', message: 'Texte', language: 'fr' }],
  ])('is chosen for %s with the fallback %s', (wanted, fallback, expected) => {
    expect(localize(content, wanted, fallback)).toEqual(expected);
  });

  it('is empty where there is no text', () => {
    expect(localize({ titleI18n: {}, messageI18n: {} }, 'en', 'en')).toEqual({
      title: '',
      message: '',
      language: null,
    });
  });
});

describe('judging the recipients of a page', () => {
  const recipients = ['m1/a', 'm2/a', 'm1/b', 'm3/a', 'm3/b', 'm4/a'].map((name, ordinal) => {
    const [merchant = '', user = ''] = name.split('/');
    return { ordinal, merchantId: merchant, userId: user };
  });

  it('reaches the active, and fails the others by themselves or with their merchant', () => {
    const { reachable, failures } = judgeRecipients(recipients, {
      active: [{ merchantId: 'm1', userId: 'a', language: 'en', push: null }],
      liveMerchants: new Set(['m2']),
      unavailableMerchants: new Map([['m4', 'It was away.']]),
    });
    expect(reachable).toEqual([recipients[0]]);
    expect(failures).toEqual([
      { code: 'no_active_user_for_merchant', subject: { merchantId: 'm2', userId: 'a' }, ordinals: [1] },
      { code: 'no_active_user_for_merchant', subject: { merchantId: 'm1', userId: 'b' }, ordinals: [2] },
      { code: 'no_active_users_for_merchant', subject: { merchantId: 'm3' }, ordinals: [3, 4], detail: null },
      {
        code: 'error_retrieving_active_users_for_merchant',
        subject: { merchantId: 'm4' },
        ordinals: [5],
        detail: 'It was away.',
      },
    ]);
  });
});
