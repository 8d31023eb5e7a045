import { describe, expect, it } from 'vitest';
import { listAnswered, readExpiration, withoutServiceUrl } from '../../../../src/domain/message/bot-activity.ts';
import { noon } from '../../../support/a-job.ts';

describe('readExpiration', () => {
  it.each([
    ['2026-03-01T12:00:01Z', '2026-03-01T12:00:01.000Z'],
    ['2026-03-01T14:30:00.5+02:00', '2026-03-01T12:30:00.500Z'],
    ['2026-03-01T12:00:01.1234567', '2026-03-01T12:00:01.123Z'],
  ])('reads %s', (expiration, expected) => {
    expect(readExpiration({ expiration }, noon)?.toISOString()).toBe(expected);
  });

  it.each([undefined, null, 1, 'tomorrow', '2026-13-40T00:00:00Z', '2026-03-01T12:00:00Z', '2025-03-01T12:00:00Z'])(
    'finds none in %j',
    (expiration) => {
      expect(readExpiration({ expiration }, noon)).toBeNull();
    },
  );
});

describe('listAnswered', () => {
  const first = `inb_${'0'.repeat(26)}`;
  const second = `inb_${'1'.repeat(26)}`;

  it('puts the id of the path before the replyToId', () => {
    expect(listAnswered({ replyToId: second }, first)).toEqual([first, second]);
  });

  it('leaves out what is no id of an inbound message', () => {
    expect(listAnswered({ replyToId: 7 }, 'wamid.1')).toEqual([]);
    expect(listAnswered({ replyToId: `msg_${'0'.repeat(26)}` }, null)).toEqual([]);
  });
});

it('what is kept of an activity does not hold the address that its bot was told', () => {
  const activity = { type: 'message', text: 'Hi', serviceUrl: 'https://waypost.test/bot/chn_1/capability/', _odd: 1 };
  expect(withoutServiceUrl(activity)).toEqual({ type: 'message', text: 'Hi', _odd: 1 });
});
