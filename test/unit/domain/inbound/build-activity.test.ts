import type { Activity } from '@microsoft/agents-activity';
import { describe, expect, it } from 'vitest';
import { buildInboundActivity } from '../../../../src/domain/inbound/build-activity.ts';
import { acceptInbound } from '../../../../src/domain/inbound/new-inbound.ts';
import { readReference } from '../../../../src/domain/inbound/read-content.ts';
import { noon } from '../../../support/a-job.ts';

const serviceUrl = 'https://waypost.test/bot/chn_1/capability/';

/** The activity for an item as Meta sends it, seen as the SDK's users see it. */
function activityOf(
  item: Readonly<Record<string, unknown>>,
  repliedTo: string | null = null,
  subject: string | null = null,
): Partial<Activity> {
  const { job } = acceptInbound(
    {
      id: 'inb_1',
      tenantId: 'ten_1',
      channelId: 'chn_1',
      from: '+34600111222',
      sender: { name: '34600111222', phone: '+34600111222', userId: null, parentUserId: null, username: null },
      providerMessageId: 'wamid.1',
      request: { item: { id: 'wamid.1', from: '34600111222', timestamp: '1772366400', ...item }, profileName: 'Ana' },
      conversationId: 'chn_1.34600111222',
      isOrdered: true,
      isTurnTaken: false,
      hasBot: true,
      requestId: 'req_1',
    },
    noon,
  );
  return buildInboundActivity({ job, phoneNumberId: '1001', channelId: 'chn_1', serviceUrl, repliedTo, subject });
}

const mediaUrl = `${serviceUrl}v3/attachments/media-1/views/original`;

describe('the activity of an inbound message', () => {
  it('has all that the SDKs ask for', () => {
    const item = { type: 'text', text: { body: 'Hola' } };
    expect(activityOf(item)).toEqual({
      type: 'message',
      id: 'inb_1',
      text: 'Hola',
      timestamp: '2026-03-01T12:00:00.000Z',
      channelId: 'whatsapp',
      from: { id: '34600111222', name: 'Ana', role: 'user' },
      recipient: { id: '1001', role: 'bot' },
      conversation: { id: 'chn_1.34600111222' },
      serviceUrl,
      deliveryMode: 'expectReplies',
      channelData: {
        id: 'wamid.1',
        from: '34600111222',
        timestamp: '1772366400',
        ...item,
        identity: { phone: '+34600111222', userId: null, parentUserId: null, username: null },
      },
    });
  });

  //  item → members of the activity
  it.each<[string, Record<string, unknown>, Record<string, unknown>]>([
    ['a text, as it was written', { type: 'text', text: { body: ' Hola ' } }, { type: 'message', text: ' Hola ' }],
    [
      'a reply button',
      { type: 'interactive', interactive: { type: 'button_reply', button_reply: { id: 'yes', title: 'Yes' } } },
      { type: 'message', text: 'Yes', value: 'yes' },
    ],
    [
      'a row of a list',
      {
        type: 'interactive',
        interactive: { type: 'list_reply', list_reply: { id: 'r1', title: 'Row', description: 'd' } },
      },
      { type: 'message', text: 'Row', value: 'r1' },
    ],
    [
      'a flow',
      {
        type: 'interactive',
        interactive: { type: 'nfm_reply', nfm_reply: { body: 'Sent', response_json: '{"a":1}' } },
      },
      { type: 'message', text: 'Sent', value: { a: 1 } },
    ],
    [
      'a template’s quick reply',
      { type: 'button', button: { payload: 'stop', text: 'Stop' } },
      { type: 'message', text: 'Stop', value: 'stop' },
    ],
    [
      'an image with words',
      { type: 'image', image: { id: 'media-1', mime_type: 'image/jpeg', caption: 'Look' } },
      { text: 'Look', attachments: [{ contentType: 'image/jpeg', contentUrl: mediaUrl }] },
    ],
    [
      'a document',
      { type: 'document', document: { id: 'media-1', mime_type: 'application/pdf', filename: 'bill.pdf' } },
      { text: '', attachments: [{ contentType: 'application/pdf', contentUrl: mediaUrl, name: 'bill.pdf' }] },
    ],
    [
      'a voice note',
      { type: 'audio', audio: { id: 'media-1', mime_type: 'audio/ogg; codecs=opus', voice: true } },
      { attachments: [{ contentType: 'audio/ogg; codecs=opus', contentUrl: mediaUrl }] },
    ],
    [
      'a sticker',
      { type: 'sticker', sticker: { id: 'media-1', mime_type: 'image/webp' } },
      { attachments: [{ contentType: 'image/webp', contentUrl: mediaUrl }] },
    ],
    [
      'a place with a name',
      { type: 'location', location: { latitude: 40.4, longitude: -3.7, name: 'Sol', address: 'Madrid' } },
      {
        text: 'Sol, Madrid',
        entities: [
          { type: 'GeoCoordinates', latitude: 40.4, longitude: -3.7, name: 'Sol' },
          {
            type: 'Place',
            geo: { type: 'GeoCoordinates', latitude: 40.4, longitude: -3.7, name: 'Sol' },
            name: 'Sol',
            address: 'Madrid',
          },
        ],
      },
    ],
    [
      'a bare place',
      { type: 'location', location: { latitude: 1, longitude: 2 } },
      { text: '', entities: [{ type: 'GeoCoordinates', latitude: 1, longitude: 2 }] },
    ],
    [
      'contacts',
      { type: 'contacts', contacts: [{ name: { formatted_name: 'Ben' }, phones: [{ phone: '+1' }] }] },
      {
        text: 'Ben',
        attachments: [
          {
            contentType: 'application/vnd.whatsapp.contact',
            content: { name: { formatted_name: 'Ben' }, phones: [{ phone: '+1' }] },
          },
        ],
      },
    ],
    [
      'a reaction',
      { type: 'reaction', reaction: { message_id: 'wamid.9', emoji: '👍🏽' } },
      { type: 'messageReaction', reactionsAdded: [{ type: '👍🏽' }] },
    ],
    [
      'a reaction taken back',
      { type: 'reaction', reaction: { message_id: 'wamid.9' } },
      { type: 'messageReaction', reactionsRemoved: [{ type: 'unknown' }] },
    ],
    [
      'a cart, with its note',
      { type: 'order', order: { catalog_id: 'C1', text: 'by Friday', product_items: [{ quantity: 2 }] } },
      { text: 'by Friday', value: { catalog_id: 'C1', text: 'by Friday', product_items: [{ quantity: 2 }] } },
    ],
    [
      "a flow's answer that is no JSON",
      { type: 'interactive', interactive: { type: 'nfm_reply', nfm_reply: { body: 'Sent', response_json: '{' } } },
      { text: 'Sent', value: '{' },
    ],
    [
      'an interactive of another kind',
      {
        type: 'interactive',
        interactive: { type: 'call_permission_reply', call_permission_reply: { response: 'accept' } },
      },
      { type: 'message', value: { response: 'accept' } },
    ],
    [
      'a person who opens the chat',
      { type: 'request_welcome' },
      { type: 'conversationUpdate', membersAdded: [{ id: '34600111222' }] },
    ],
    [
      'what WhatsApp does not tell',
      { type: 'unsupported', unsupported: { type: 'poll' }, errors: [{ code: 131051 }] },
      { type: 'event', name: 'waypost.unsupported_message', value: { type: 'poll', errors: [{ code: 131051 }] } },
    ],
    ['a type of tomorrow', { type: 'hologram', hologram: {} }, { name: 'waypost.unsupported_message' }],
    ['no type at all', {}, { name: 'waypost.unsupported_message' }],
    [
      'a new number',
      { type: 'system', system: { type: 'user_changed_number', wa_id: '34600333444' } },
      {
        type: 'event',
        name: 'waypost.identity_changed',
        value: {
          change: 'user_changed_number',
          phone: '34600333444',
          previousPhone: '34600111222',
          userId: null,
          previousUserId: null,
        },
      },
    ],
    ['any other word of the system', { type: 'system', system: {} }, { name: 'waypost.unsupported_message' }],
    ['a type without its member', { type: 'text' }, { type: 'message', text: '' }],
    ['members of wrong kinds', { type: 'image', image: 'none' }, { type: 'message', text: '' }],
    ['the name of a prototype', { type: 'constructor' }, { name: 'waypost.unsupported_message' }],
  ])('shows %s', (_, item, members) => {
    expect(activityOf(item)).toMatchObject(members);
  });

  it('is about an earlier one where the user changes or takes it back', () => {
    const message = { type: 'text', text: { body: 'Hello' } };
    const edit = { type: 'edit', edit: { original_message_id: 'wamid.0', message } };
    expect(activityOf(edit, null, 'inb_0')).toMatchObject({ type: 'messageUpdate', id: 'inb_0', text: 'Hello' });
    const revoke = { type: 'revoke', revoke: { original_message_id: 'wamid.0' } };
    expect(activityOf(revoke, null, 'inb_0')).toMatchObject({ type: 'messageDelete', id: 'inb_0' });
    const twice = { type: 'edit', edit: { original_message_id: 'wamid.0', message: edit } };
    expect(activityOf(twice)).toMatchObject({ type: 'messageUpdate' });
  });

  it('quotes what the user quotes, and takes the time of its arrival where the item names none', () => {
    expect(activityOf({ type: 'text', text: { body: 'x' }, timestamp: 'soon' }, 'msg_1')).toMatchObject({
      replyToId: 'msg_1',
      timestamp: noon.toISOString(),
    });
  });

  it.each([
    [{ context: { id: 'wamid.7' } }, 'wamid.7'],
    [{ reaction: { message_id: 'wamid.8' } }, 'wamid.8'],
    [{ context: { forwarded: true } }, ''],
    [{ context: null }, ''],
    [{}, ''],
  ])('is about %j: "%s"', (item, reference) => {
    expect(readReference(item)).toBe(reference);
  });
});
