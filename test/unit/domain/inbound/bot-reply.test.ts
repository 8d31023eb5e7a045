import { describe, expect, it } from 'vitest';
import { readBotReply } from '../../../../src/domain/inbound/bot-reply.ts';

const read = (body: string) => readBotReply({ answered: true, status: 200, retryAfterMs: null, body, durationMs: 1 });

// A reply with a NUL, half a surrogate pair or thousands of levels was taken, could not be stored, and was asked for again.
describe('a reply that cannot be stored', () => {
  // Went wrong: a reply with half an emoji was a bad one, though the bot would send it no other way.
  it.each([
    ['a NUL in a text', '{"activities":[{"type":"message","text":"x\\u0000"}]}'],
    ['a NUL in the name of a member', '{"activities":[{"type":"message","value":{"\\u0000":1}}]}'],
    ['half a surrogate pair', '{"activities":[{"type":"message","text":"\\ud83d"}]}'],
  ])('is mended: %s', (_, body) => {
    const reply = read(body);
    expect(reply).toMatchObject({ kind: 'replied' });
    expect(JSON.stringify(reply)).toContain('\uFFFD');
  });

  it.each([['6,000 levels', `{"activities":[{"type":"message","value":${'['.repeat(6_000)}1${']'.repeat(6_000)}}]}`]])(
    'is a bad one: %s',
    (_, body) => {
      expect(read(body)).toMatchObject({ kind: 'failed', failure: { code: 'bot_bad_reply', class: 'permanent' } });
    },
  );

  it('is none for an emoji', () => {
    expect(read('{"activities":[{"type":"message","text":"\\ud83d\\ude00"}]}')).toMatchObject({ kind: 'replied' });
  });
});
