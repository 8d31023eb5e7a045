import { describe, expect, it } from 'vitest';
import { readQuotation } from '../../../../src/domain/rendering/quoted-message.ts';

const sent = `msg_${'0'.repeat(26)}`;
const received = `inb_${'0'.repeat(26)}`;

describe('readQuotation', () => {
  it.each([
    ['an id of the provider', 'wamid.HBgL+/=', { providerMessageId: 'wamid.HBgL+/=' }],
    ['a message of ours', sent, { jobId: sent }],
    ['a message that was received', received, { jobId: received }],
    ['an id of another kind', `ntf_${'0'.repeat(26)}`, null],
    ['something that only looks like an id of the provider', 'wamid.a b', null],
    ['something that only looks like one of ours', 'msg_1', null],
    ['an id of the bot’s own', '1f3c-0000001', null],
    ['what is no text', 7, null],
    ['nothing', undefined, null],
  ])('reads %s', (_, replyToId, quotation) => {
    const activity = { type: 'message', replyToId };
    expect(readQuotation({ activity, isOfBot: false, quoteReplies: false })).toEqual(quotation);
    expect(readQuotation({ activity, isOfBot: true, quoteReplies: true })).toEqual(quotation);
    // SDKs set it on every reply.
    expect(readQuotation({ activity, isOfBot: true, quoteReplies: false })).toBeNull();
  });
});
