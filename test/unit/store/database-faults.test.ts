import { describe, expect, it } from 'vitest';
import { isServerReadOnly, isSessionLost, isTransientFault } from '../../../src/store/database-faults.ts';

function fault(code: string): Error {
  return Object.assign(new Error('told by the server'), { code });
}

// 55P03, 25006, 25P03 and the class 58 were taken for statements that are wrong: an answer in hand was dropped at once, and
// callers of the API got a 500.
describe('a fault of the database', () => {
  it.each(['08006', '57P01', '58030', '25006', '25P03', '25P04', 'ECONNRESET'])(
    '%s passes, and its session is thrown away',
    (code) => {
      expect([isTransientFault(fault(code)), isSessionLost(fault(code))]).toEqual([true, true]);
    },
  );

  it.each(['40001', '40P01', '53100', '55P03', '57014'])('%s passes, and its session is as good as before', (code) => {
    expect([isTransientFault(fault(code)), isSessionLost(fault(code))]).toEqual([true, false]);
  });

  it.each(['22P05', '23505', '25P02', '42501', '42P01', '55000', ''])('%s is a mistake that stays one', (code) => {
    expect([isTransientFault(fault(code)), isSessionLost(fault(code))]).toEqual([false, false]);
  });

  it('tells a server that cannot write from a session that is lost alone', () => {
    expect([isServerReadOnly(fault('25006')), isServerReadOnly(fault('57P01'))]).toEqual([true, false]);
  });

  it.each(['Connection terminated unexpectedly', 'timeout exceeded when trying to connect', 'Query read timeout'])(
    'is known by the words of the driver: %s',
    (words) => {
      expect(isSessionLost(new Error(words))).toBe(true);
    },
  );
});
