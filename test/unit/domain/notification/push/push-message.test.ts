import { describe, expect, it } from 'vitest';
import {
  judgePushUser,
  maxPayloadBytes,
  type PushVerdict,
  writePushData,
} from '../../../../../src/domain/notification/push/push-message.ts';
import type { NotificationContent } from '../../../../../src/domain/notification/request.ts';

const content: NotificationContent = {
  type: 'PUSH_NOTIFICATION',
  titleI18n: { de: 'Fällig', en: 'Due', es: 'Vence' },
  messageI18n: { en: 'Pay', es: 'Paga' },
  data: {},
  externalId: null,
  externalType: null,
};
const user = { language: 'en', pushEnabled: true, tokens: ['t-1'] };

function judge(members: Partial<typeof user> = {}, push: Partial<Parameters<typeof judgePushUser>[1]> = {}) {
  return judgePushUser({ ...user, ...members }, { content, data: {}, fallbackLanguage: 'en', ...push });
}
const refusalOf = (verdict: PushVerdict) => (verdict.ok ? null : [verdict.code, verdict.reason]);

describe('the data of a push', () => {
  it('are texts by name: numbers and truth values are written out, and what is null is left out', () => {
    const data = { text: 'a', empty: '', zero: 0, amount: -12.5, yes: true, no: false, none: null };
    expect(writePushData(data, null)).toEqual({
      ok: true,
      data: { text: 'a', empty: '', zero: '0', amount: '-12.5', yes: 'true', no: 'false' },
    });
    expect(writePushData({}, null)).toEqual({ ok: true, data: {} });
  });

  it.each([
    ['an object', { card: { id: 'c-1' } }],
    ['an empty object', { card: {} }],
    ['a list', { card: ['c-1'] }],
    ['a list of nothing', { card: [] }],
    ['one deep below a list', { card: [{ id: { of: 'c-1' } }] }],
  ])('cannot hold %s: the map is flat', (_what, data) => {
    expect(writePushData({ first: 'fine', ...data }, null)).toEqual({
      ok: false,
      reason: 'data.card is neither a text nor a number nor a truth value',
    });
  });

  it.each(['from', 'message_type', 'google.sent_time', 'gcm.n.e'])('cannot be named %s', (name) => {
    const reason = `data.${name} is a name that push keeps for itself`;
    expect(writePushData({ [name]: 'x' }, null)).toEqual({ ok: false, reason });
  });

  it.each(['From', 'from_whom', 'googlemap', 'gcmid'])('may be named %s', (name) => {
    expect(writePushData({ [name]: 'x' }, null).ok).toBe(true);
  });

  it('may take 4,096 bytes with their names, and not one more', () => {
    const filled = (bytes: number) => ({ key: 'x'.repeat(bytes - 'key'.length) });
    expect(writePushData(filled(maxPayloadBytes), null).ok).toBe(true);
    expect(writePushData(filled(maxPayloadBytes + 1), null)).toEqual({ ok: false, reason: 'data is over 4096 bytes' });
  });

  it('are counted in UTF-8, where an emoji takes four bytes', () => {
    expect(writePushData({ k: '🎉'.repeat(1_023) }, null).ok).toBe(true);
    expect(writePushData({ k: '🎉'.repeat(1_024) }, null).ok).toBe(false);
    expect(writePushData({ ['é'.repeat(2_048)]: '' }, null).ok).toBe(true);
    expect(writePushData({ ['é'.repeat(2_048)]: '1' }, null).ok).toBe(false);
  });

  it('have every parameter of their target screen', () => {
    const screens = { CARD_DETAILS: ['cardID', 'tab'], HOME: [] };
    const lacking = (data: Record<string, unknown>) =>
      writePushData({ targetScreen: 'CARD_DETAILS', ...data }, screens);
    const reason = (name: string) => ({ ok: false, reason: `data lacks ${name}, which its target screen needs` });
    expect(lacking({})).toEqual(reason('cardID'));
    expect(lacking({ cardID: null, tab: 'a' })).toEqual(reason('cardID'));
    expect(lacking({ cardID: 'c-1' })).toEqual(reason('tab'));
    expect(lacking({ cardID: 'c-1', tab: '' }).ok).toBe(true);
    expect(writePushData({ targetScreen: 'HOME' }, screens).ok).toBe(true);
  });
});

describe('the text of a push', () => {
  it.each([
    ['es', 'Vence', 'Paga'],
    ['es-MX', 'Vence', 'Paga'],
    ['ES', 'Vence', 'Paga'],
    ['zh-Hant-TW', 'Due', 'Pay'],
    // Each text by itself: there is a German title and no German message.
    ['de-AT', 'Fällig', 'Pay'],
  ])('for a user of %s is in that language, its base, or the tenant default', (language, title, body) => {
    expect(judge({ language })).toEqual({ ok: true, text: { title, body } });
  });

  it('is the first of its map where neither language nor default is there', () => {
    expect(judge({ language: 'fr' }, { fallbackLanguage: 'it' })).toEqual({
      ok: true,
      text: { title: 'Fällig', body: 'Pay' },
    });
  });

  it.each(['', 'english', 'e', 'de--AT', '12'])('cannot be chosen for a language like "%s"', (language) => {
    expect(refusalOf(judge({ language }))).toEqual(['invalid_user_language_configured', undefined]);
  });

  it('is none for who has pushes off, or no device', () => {
    expect(refusalOf(judge({ pushEnabled: false }))).toEqual(['push_notifications_disabled', undefined]);
    expect(refusalOf(judge({ tokens: [] }))).toEqual(['push_notifications_disabled', undefined]);
    // What is wrong with the user's settings is told before what is off.
    expect(refusalOf(judge({ language: '', tokens: [] }))?.[0]).toBe('invalid_user_language_configured');
  });

  it('shares 4,096 bytes with the data, in the language of the user', () => {
    const long = { ...content, messageI18n: { en: 'x', es: 'é'.repeat(1_000) } };
    const data = { k: 'x'.repeat(maxPayloadBytes - 1 - 'Vence'.length - 2_000) };
    expect(judge({ language: 'es' }, { content: long, data }).ok).toBe(true);
    const more = { k: `${data.k}x` };
    expect(refusalOf(judge({ language: 'es' }, { content: long, data: more }))).toEqual([
      'error_processing_data',
      'texts and data are over 4096 bytes',
    ]);
    expect(judge({ language: 'en' }, { content: long, data: more }).ok).toBe(true);
  });
});
