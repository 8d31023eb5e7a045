import { describe, expect, it } from 'vitest';
import {
  callbackFailure,
  kernelFailure,
  outcomeUnknownFailure,
  type KernelRefusal,
} from '../../../../src/domain/message/kernel-failure.ts';
import { describeCode } from '../../../../src/domain/problems/catalogue.ts';

function answerWith(members: Partial<KernelRefusal>): KernelRefusal {
  return { httpStatus: null, retryAfterMs: null, fault: null, provider: null, detail: 'It failed.', ...members };
}

function providerError(code: string | null) {
  return { name: 'whatsapp-cloud-api', code, title: 'A title', details: 'Details', traceId: 't-1', httpStatus: 400 };
}

describe('kernelFailure', () => {
  it('names the code of the provider and keeps its words', () => {
    const failure = kernelFailure(answerWith({ httpStatus: 400, provider: providerError('131056') }), {});
    expect(failure).toMatchObject({
      code: 'whatsapp_131056',
      source: 'kernel',
      class: 'throttled',
      scope: 'number+recipient',
      httpStatus: 400,
    });
    expect(failure.provider?.traceId).toBe('t-1');
  });

  it.each([
    ['timeout', 'kernel_timeout', 'ambiguous'],
    ['connection_refused', 'kernel_unreachable', 'transient'],
    ['dns', 'kernel_unreachable', 'transient'],
    ['tls', 'kernel_unreachable', 'transient'],
    ['reset_before_body', 'kernel_unreachable', 'transient'],
    ['reset_after_body', 'kernel_unreachable', 'ambiguous'],
    ['url_not_allowed', 'url_not_allowed', 'configuration'],
  ] as const)('calls the fault %s %s, which is %s', (fault, code, errorClass) => {
    expect(kernelFailure(answerWith({ fault }), {})).toMatchObject({ code, class: errorClass });
  });

  it.each(['local_capacity', 'withdrawn'] as const)('calls %s ours, and none of Kernel: nothing was sent', (fault) => {
    // A full pool of our own once was "Kernel unreachable", and used up the retries of messages that were never sent.
    expect(kernelFailure(answerWith({ fault }), {})).toMatchObject({ code: fault, source: 'api' });
  });

  it('calls an answer without a usable code by its HTTP status', () => {
    const failure = kernelFailure(answerWith({ httpStatus: 429, retryAfterMs: 7_000 }), {});
    expect(failure).toMatchObject({ code: 'kernel_http_error', class: 'throttled', retryAfterMs: 7_000 });
    const odd = kernelFailure(answerWith({ httpStatus: 400, provider: providerError('<script>') }), {});
    expect(odd).toMatchObject({ code: 'kernel_http_error', class: 'permanent' });
  });

  it.each([401, 403])('holds the channel after a %i without a code of Meta’s, as after one with it', (httpStatus) => {
    // A gateway in front of Kernel that refuses the token failed each message for good.
    const failure = kernelFailure(answerWith({ httpStatus }), {});
    expect(failure).toMatchObject({ code: 'kernel_http_error', class: 'configuration', scope: 'token' });
  });

  it('titles a code that means two things by what it means here', () => {
    const answer = answerWith({ httpStatus: 400, provider: providerError('100'), subcode: '33' });
    expect(kernelFailure(answer, {})).toMatchObject({
      code: 'whatsapp_100',
      class: 'configuration',
      title: "The number's id is wrong, or the token may not see it",
    });
    expect(kernelFailure(answerWith({ httpStatus: 400, provider: providerError('100') }), {}).title).toBeUndefined();
  });

  it('counts a success that could not be read as possibly gone out, whatever its body says', () => {
    const answer = answerWith({ httpStatus: 200, provider: providerError('131026'), unreadableSuccess: true });
    expect(kernelFailure(answer, {}).class).toBe('ambiguous');
    expect(kernelFailure(answerWith({ httpStatus: 200 }), {}).class).toBe('ambiguous');
  });

  it('follows the override of the channel', () => {
    const overrides = { '131026': { class: 'transient' as const, maxRetries: 2 } };
    const failure = kernelFailure(answerWith({ httpStatus: 400, provider: providerError('131026') }), overrides);
    expect(failure).toMatchObject({ class: 'transient', maxRetries: 2 });
  });
});

describe('callbackFailure', () => {
  const noWords = { title: null, message: null, details: null };

  it('speaks for WhatsApp and tells the most exact words that were given', () => {
    const failure = callbackFailure({ code: '131026', title: 'T', message: 'M', details: 'D' }, {});
    expect(failure).toMatchObject({ code: 'whatsapp_131026', source: 'whatsapp', class: 'permanent', detail: 'D' });
    expect(failure.provider).toMatchObject({ code: '131026', title: 'T', details: 'D' });
  });

  it.each(['131000', '131016', '999999', null])(
    'never calls the refusal %s ambiguous: it cannot have arrived',
    (code) => {
      expect(callbackFailure({ code, ...noWords }, {}).class).toBe('transient');
    },
  );

  it('does not let an override make a refusal ambiguous', () => {
    const failure = callbackFailure({ code: '131026', ...noWords }, { '131026': { class: 'ambiguous' } });
    expect(failure.class).toBe('transient');
  });

  it('has a code with a page even when the status named no error', () => {
    expect(describeCode(callbackFailure({ code: null, ...noWords }, {}).code)).toBeDefined();
  });
});

describe('outcomeUnknownFailure', () => {
  it('keeps what the provider said of the send whose outcome nobody knows', () => {
    const last = kernelFailure(answerWith({ httpStatus: 500, provider: providerError('131000') }), {});
    const failure = outcomeUnknownFailure(last);
    expect(failure).toMatchObject({ code: 'outcome_unknown', source: 'kernel', provider: last.provider });
    expect(failure.detail).toContain(last.detail);
  });
});
