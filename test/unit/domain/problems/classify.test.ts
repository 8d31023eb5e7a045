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
    ['131030', 'permanent'],
    ['132015', 'configuration'],
    ['132016', 'permanent'],
    ['132068', 'permanent'],
    ['132069', 'throttled'],
    ['132008', 'permanent'],
    ['137000', 'permanent'],
    ['131207', 'permanent'],
    ['138018', 'permanent'],
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
    [401, 'configuration'],
    [403, 'configuration'],
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

  it.each([
    ['131030', 'recipient'],
    ['132015', 'template'],
    ['132016', 'template'],
    ['132068', 'flow'],
    ['132069', 'flow'],
    ['139002', 'flow'],
    ['137000', 'recipient'],
    ['131203', 'recipient'],
  ])('bounds what %s stops: one %s, and not the number', (providerCode, scope) => {
    // One recipient who is not on the test number's list paused the whole channel.
    expect(classifyProvider({ ...nothing, providerCode, httpStatus: 400 }).scope).toBe(scope);
  });

  it('tells the two meanings of 100 apart: a number that the token may not see is the channel’s fault', () => {
    // It failed each message for good, and the commonest fault of a set-up was told as a bad payload.
    const hundred = { ...nothing, providerCode: '100', httpStatus: 400 };
    expect(classifyProvider({ ...hundred, subcode: '33' })).toMatchObject({ class: 'configuration', scope: 'number' });
    expect(classifyProvider({ ...hundred, subcode: '2494102' })).toMatchObject({
      class: 'permanent',
      isVariant: false,
    });
  });

  it.each([
    ['Downloading media from weblink failed with http code 503, status message Service Unavailable', 'transient'],
    ['Downloading media from weblink failed with HTTP status 502', 'transient'],
    ['Downloading media from weblink failed with http code 404, status message Not Found', 'permanent'],
    ['Media of 503 bytes is too short', 'permanent'],
    [null, 'permanent'],
  ])('takes 131053 with the details %j as %s', (details, errorClass) => {
    expect(classifyProvider({ ...nothing, providerCode: '131053', details }).class).toBe(errorClass);
    // A subcode that the table does not know hid what the details say.
    expect(classifyProvider({ ...nothing, providerCode: '131053', subcode: '1', details }).class).toBe(errorClass);
    expect(classifyProvider({ ...nothing, providerCode: '131051', details }).class).toBe('permanent');
  });

  it('lets a channel override a code in all its meanings', () => {
    const overrides = { '100': { class: 'transient' as const } };
    const verdict = classifyProvider({ ...nothing, providerCode: '100', subcode: '33', overrides });
    expect(verdict.class).toBe('transient');
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
