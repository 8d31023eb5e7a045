import { describe, expect, it } from 'vitest';
import { windowAfter } from '../../../../src/domain/message/conversation-window.ts';

const at = (hour: number) => new Date(Date.UTC(2026, 10, 30, hour));
const seconds = (time: Date) => String(time.getTime() / 1_000);

describe('the window after the last word of a person', () => {
  //  arrived, said at, now → state, closes at
  it.each<[Date | null, unknown, Date, string, Date | null]>([
    [null, null, at(0), 'unknown', null],
    [at(0), null, at(23), 'open', at(24)],
    [at(0), 'soon', at(24), 'closed', at(24)],
    [at(2), seconds(at(1)), at(24), 'open', at(25)],
    [at(2), seconds(at(1)), at(25), 'closed', at(25)],
    // A clock of theirs that is ahead opens it no longer.
    [at(2), seconds(at(9)), at(27), 'closed', at(26)],
  ])('%s, said at %s, looked at at %s: %s', (heardAt, saidAt, now, state, closesAt) => {
    expect(windowAfter(heardAt, saidAt, now)).toEqual({ state, closesAt });
  });
});
