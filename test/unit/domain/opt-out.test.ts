import { describe, expect, it } from 'vitest';
import { answersPerson, findBindingOptOut, readOptOutWord } from '../../../src/domain/opt-out.ts';
import { aJob } from '../../support/a-job.ts';

describe('an opt-out', () => {
  it.each([
    [['all'], null, false, 'all'],
    [['all'], 'utility', false, 'all'],
    [['all'], 'marketing', false, 'all'],
    [['all'], 'authentication', false, null],
    [['all'], null, true, null],
    [['marketing'], 'marketing', false, 'marketing'],
    [['marketing'], 'marketing', true, 'marketing'],
    [['marketing'], 'utility', false, null],
    [['marketing'], null, false, null],
    [[], 'marketing', false, null],
  ] as const)('of %j binds a message of category %s, an answer: %s, by %s', (optedOut, category, isAnswer, binding) => {
    expect(findBindingOptOut(optedOut, { category, isAnswer })).toBe(binding);
  });

  it('binds no answer to the person, and what answers somebody else', () => {
    const known = { name: '34600111222', phone: '+34600111222', userId: 'ES.1', parentUserId: null, username: null };
    const job = aJob({ to: 'ES.1', recipient: known });
    const inbound = (to: string) => aJob({ kind: 'inbound', to, recipient: null });
    expect(answersPerson(job, inbound('+34600111222'))).toBe(true);
    expect(answersPerson(job, inbound('+34600111333'))).toBe(false);
    expect(answersPerson(job, aJob({ kind: 'message', to: '+34600111222' }))).toBe(false);
    expect(answersPerson(job, null)).toBe(false);
  });
});

describe("a channel's words", () => {
  const words = { optOutWords: ['STOP', 'Dése de baja'], optInWords: ['ALTA'] };
  it.each([
    ['STOP', 'opt_out'],
    [' stop\n', 'opt_out'],
    ['dese de BAJA', 'opt_out'],
    ['de\u0301se de baja', 'opt_out'],
    ['álta', 'opt_in'],
    ['stop it', null],
    ['', null],
    [' ', null],
    ['s'.repeat(1_000), null],
  ])('%j is %s', (text, word) => {
    expect(readOptOutWord(text, words)).toBe(word);
  });

  it('are none where the channel has none', () => {
    expect(readOptOutWord('STOP', { optOutWords: [], optInWords: [] })).toBeNull();
  });
});
