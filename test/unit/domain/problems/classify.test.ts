import { describe, expect, it } from 'vitest';
import { classifyProvider, findTableEntry } from '../../../../src/domain/problems/classify.ts';
import { errorTable } from '../../../../src/domain/problems/error-table.ts';

const nothing = { providerCode: null, httpStatus: null, fault: null, overrides: {} } as const;

describe('the error table', () => {
  it('lists each code once, with a sentence for the operator', () => {
    const codes = errorTable.codes.map(({ code }) => JSON.stringify(code));
    expect(new Set(codes).size).toBe(codes.length);
    for (const entry of errorTable.codes) expect(entry.note).toMatch(/^[A-Z].*\.$/);
  });

  it('never offers to tell a user what stops or slows the whole sender', () => {
    const told = errorTable.codes.filter(({ userCanBeTold }) => userCanBeTold).map((entry) => entry.class as string);
    expect(told).not.toContain('configuration');
    expect(told).not.toContain('policy');
    expect(told).not.toContain('throttled');
  });

  it.each(['131026', '131047', '131050'])(
    'never tells the user about %s, because the notice would not arrive',
    (code) => {
      expect(findTableEntry(code)?.userCanBeTold).toBe(false);
    },
  );
});

describe('classifyProvider', () => {
  it.each([
    ['131026', 'permanent'],
    ['131056', 'throttled'],
    ['190', 'configuration'],
    ['131031', 'policy'],
    ['131000', 'ambiguous'],
    ['131057', 'transient'],
    ['132068', 'configuration'],
    ['132069', 'throttled'],
    ['131064', 'policy'],
  ])('takes the class of code %s from the table: %s', (providerCode, errorClass) => {
    expect(classifyProvider({ ...nothing, providerCode, httpStatus: 400 })).toMatchObject({
      class: errorClass,
      known: true,
      tableVersion: errorTable.version,
    });
  });

  it.each(['200', '294', '299'])('finds %s in the range of permission errors', (providerCode) => {
    expect(classifyProvider({ ...nothing, providerCode })).toMatchObject({ class: 'configuration', known: true });
  });

  it.each(['199', '300', '0200', '200.5', ' 200'])('keeps %s out of the range of permission errors', (code) => {
    expect(findTableEntry(code)).toBeUndefined();
  });

  it('believes the code and not the HTTP status beside it', () => {
    expect(classifyProvider({ ...nothing, providerCode: '3', httpStatus: 500 }).class).toBe('configuration');
  });

  it.each([
    [200, 'ambiguous'],
    [302, 'configuration'],
    [400, 'permanent'],
    [404, 'permanent'],
    [408, 'ambiguous'],
    [409, 'transient'],
    [425, 'transient'],
    [429, 'throttled'],
    [500, 'ambiguous'],
    [502, 'ambiguous'],
    [503, 'transient'],
    [504, 'ambiguous'],
    [599, 'ambiguous'],
    [600, 'ambiguous'],
  ])('judges an unlisted code by HTTP status %i: %s', (httpStatus, errorClass) => {
    const verdict = classifyProvider({ ...nothing, providerCode: '999999', httpStatus });
    expect(verdict).toMatchObject({ class: errorClass, known: false, maxRetries: null });
  });

  it.each([
    ['connection_refused', 'transient'],
    ['dns', 'transient'],
    ['tls', 'transient'],
    ['timeout', 'ambiguous'],
    ['reset_before_body', 'transient'],
    ['reset_after_body', 'ambiguous'],
    ['url_not_allowed', 'configuration'],
  ] as const)('judges the fault %s as %s', (fault, errorClass) => {
    expect(classifyProvider({ ...nothing, fault }).class).toBe(errorClass);
  });

  it('counts what nothing is known of as possibly gone out', () => {
    expect(classifyProvider(nothing).class).toBe('ambiguous');
  });

  it('lets a channel override one member and keeps the rest of the table', () => {
    const overrides = { '131049': { class: 'transient' as const } };
    const verdict = classifyProvider({ ...nothing, providerCode: '131049', httpStatus: 400, overrides });
    expect(verdict).toMatchObject({ class: 'transient', userCanBeTold: false, scope: 'recipient+marketing' });
  });

  it('lets a channel give an unlisted code a class, a limit and a word to the user', () => {
    const overrides = { '777': { class: 'transient' as const, maxRetries: 1, userCanBeTold: false } };
    const verdict = classifyProvider({ ...nothing, providerCode: '777', httpStatus: 400, overrides });
    expect(verdict).toMatchObject({ class: 'transient', maxRetries: 1, userCanBeTold: false, known: false });
  });

  it('gives the unknown API error only a few tries', () => {
    expect(classifyProvider({ ...nothing, providerCode: '1' }).maxRetries).toBe(3);
  });

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])(
    'finds nothing under the code %s',
    (providerCode) => {
      expect(classifyProvider({ ...nothing, providerCode, httpStatus: 400 })).toMatchObject({
        class: 'permanent',
        known: false,
        maxRetries: null,
      });
    },
  );
});
