import { describe, expect, it } from 'vitest';
import { conversationIdOf, recipientOf, serviceUrlOf } from '../../../src/domain/bot-address.ts';

describe("a bot's address", () => {
  it('ends with a slash, so that v3/… can follow', () => {
    expect(serviceUrlOf('https://waypost.test', 'chn_1', 'secret')).toBe('https://waypost.test/bot/chn_1/secret/');
  });
});

describe("a conversation's id", () => {
  it('is made of channel and digits, and leads back to the number', () => {
    const id = conversationIdOf('chn_1', '+34600111222');
    expect(id).toBe('chn_1.34600111222');
    expect(encodeURIComponent(id)).toBe(id);
    expect(recipientOf(id, 'chn_1')).toBe('+34600111222');
  });

  it('is made of channel and user id where the person has no number', () => {
    const id = conversationIdOf('chn_1', 'ES.13491208655302741918');
    expect(id).toBe('chn_1.ES.13491208655302741918');
    expect(encodeURIComponent(id)).toBe(id);
    expect(recipientOf(id, 'chn_1')).toBe('ES.13491208655302741918');
  });

  it.each(['chn_2.34600111222', 'chn_1', 'chn_1.', 'chn_1.0600111222', 'chn_1.34600111222x', 'chn_1.+34600111222', ''])(
    'names nobody of the channel as %j',
    (id) => {
      expect(recipientOf(id, 'chn_1')).toBeNull();
    },
  );
});
