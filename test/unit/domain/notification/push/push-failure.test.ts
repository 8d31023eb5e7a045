import { describe, expect, it } from 'vitest';
import type { NetworkFault } from '../../../../../src/domain/failure.ts';
import {
  classifyPush,
  type PushFailure,
  type PushRefusal,
} from '../../../../../src/domain/notification/push/push-failure.ts';
import { fcmErrorTable } from '../../../../../src/domain/problems/error-table/fcm-codes.ts';

function aRefusal(members: Partial<PushRefusal> = {}): PushRefusal {
  return {
    step: 'send',
    httpStatus: null,
    retryAfterMs: null,
    fault: null,
    provider: null,
    namesToken: false,
    detail: 'It was refused.',
    durationMs: 5,
    responseExcerpt: null,
    ...members,
  };
}

function byCode(httpStatus: number, code: string | null, members: Partial<PushRefusal> = {}) {
  const provider = { name: 'fcm', code, title: null, details: null, traceId: null, httpStatus };
  return classifyPush(aRefusal({ httpStatus, provider, ...members }));
}

const summary = ({ failure, outcome, stops, isTokenDead }: ReturnType<typeof classifyPush>) => [
  failure.code,
  failure.class,
  outcome,
  stops,
  isTokenDead,
];

describe('the codes of FCM', () => {
  const told: [string, number, string, string, PushFailure['stops'], boolean][] = [
    ['UNREGISTERED', 404, 'permanent', 'rejected', null, true],
    ['INVALID_ARGUMENT', 400, 'permanent', 'rejected', null, false],
    ['SENDER_ID_MISMATCH', 403, 'permanent', 'rejected', null, false],
    ['NOT_FOUND', 404, 'permanent', 'rejected', null, false],
    ['QUOTA_EXCEEDED', 429, 'throttled', 'retry', 'block_if_repeated', false],
    ['RESOURCE_EXHAUSTED', 429, 'throttled', 'retry', 'block_if_repeated', false],
    ['UNAVAILABLE', 503, 'transient', 'retry', null, false],
    ['INTERNAL', 500, 'ambiguous', 'ambiguous', null, false],
    ['DEADLINE_EXCEEDED', 504, 'ambiguous', 'ambiguous', null, false],
    ['THIRD_PARTY_AUTH_ERROR', 401, 'permanent', 'rejected', null, false],
    ['UNAUTHENTICATED', 401, 'configuration', 'retry', 'pause', false],
    ['PERMISSION_DENIED', 403, 'configuration', 'retry', 'pause', false],
  ];

  it.each(told)('%s (%i) is %s: %s, channel %s, token dead %s', (code, status, ...expected) => {
    const refused = byCode(status, code, { retryAfterMs: 3_000 });
    expect(summary(refused)).toEqual([`fcm_${code}`, ...expected]);
    expect(refused.failure).toMatchObject({ source: 'push', httpStatus: status, retryAfterMs: 3_000 });
    expect(refused.failure.provider).toMatchObject({ name: 'fcm', code });
  });

  it('are all of the table', () => {
    const known = fcmErrorTable.codes.map(({ code, http }) => [code, http]);
    expect(told.map(([code, http]) => [code, http])).toEqual(known);
  });

  it('that call an argument invalid kill the token only where they name it', () => {
    expect(byCode(400, 'INVALID_ARGUMENT', { namesToken: true }).isTokenDead).toBe(true);
    // Nothing else does, whatever its words.
    expect(byCode(403, 'SENDER_ID_MISMATCH', { namesToken: true }).isTokenDead).toBe(false);
    expect(byCode(500, 'INTERNAL', { namesToken: true }).isTokenDead).toBe(false);
  });
});

describe('a refusal without a known code', () => {
  it.each([
    [400, 'permanent', 'rejected', null],
    [401, 'configuration', 'retry', 'pause'],
    [403, 'configuration', 'retry', 'pause'],
    [404, 'permanent', 'rejected', null],
    [408, 'ambiguous', 'ambiguous', null],
    [409, 'transient', 'retry', null],
    [413, 'permanent', 'rejected', null],
    [429, 'throttled', 'retry', 'block_if_repeated'],
    [500, 'ambiguous', 'ambiguous', null],
    [502, 'ambiguous', 'ambiguous', null],
    [503, 'transient', 'retry', null],
    [504, 'ambiguous', 'ambiguous', null],
    [301, 'configuration', 'retry', 'pause'],
    // A yes that cannot be read has probably gone out.
    [200, 'ambiguous', 'ambiguous', null],
  ])('goes by its HTTP status: %i is %s', (status, ...expected) => {
    expect(summary(byCode(status, null))).toEqual(['push_http_error', ...expected, false]);
    expect(summary(byCode(status, 'NEW_CODE'))).toEqual(['fcm_NEW_CODE', ...expected, false]);
  });

  it.each<[NetworkFault, string, string, string, PushFailure['stops']]>([
    ['connection_refused', 'push_unreachable', 'transient', 'retry', 'block'],
    ['dns', 'push_unreachable', 'transient', 'retry', 'block'],
    ['reset_before_body', 'push_unreachable', 'transient', 'retry', 'block'],
    // A handshake that failed once paused the channel until somebody resumed it.
    ['tls', 'push_unreachable', 'transient', 'retry', 'block'],
    ['url_not_allowed', 'url_not_allowed', 'configuration', 'retry', 'pause'],
    ['local_capacity', 'local_capacity', 'transient', 'retry', null],
    ['withdrawn', 'withdrawn', 'transient', 'retry', null],
    ['timeout', 'push_timeout', 'ambiguous', 'ambiguous', null],
    ['reset_after_body', 'push_unreachable', 'ambiguous', 'ambiguous', null],
  ])('goes by its network fault: %s is %s', (fault, ...expected) => {
    expect(summary(classifyPush(aRefusal({ fault })))).toEqual([...expected, false]);
  });
});

describe('an access token that cannot be had', () => {
  const authorise = (members: Partial<PushRefusal>) => classifyPush(aRefusal({ step: 'authorise', ...members }));

  it.each([
    ['a refused assertion', { httpStatus: 400 }, 'push_credentials_refused', 'configuration', 'pause'],
    ['an unknown account', { httpStatus: 404 }, 'push_credentials_refused', 'configuration', 'pause'],
    ['a key that cannot sign', {}, 'push_credentials_refused', 'configuration', 'pause'],
    ['too many questions', { httpStatus: 429 }, 'push_credentials_refused', 'throttled', 'block'],
    ['an endpoint in trouble', { httpStatus: 500 }, 'push_credentials_refused', 'transient', 'block'],
    ['an endpoint that is away', { httpStatus: 503 }, 'push_credentials_refused', 'transient', 'block'],
    ['a body without a token', { httpStatus: 200 }, 'push_credentials_refused', 'transient', 'block'],
    ['no answer', { fault: 'timeout' as const }, 'push_timeout', 'transient', 'block'],
    ['no connection', { fault: 'connection_refused' as const }, 'push_unreachable', 'transient', 'block'],
    [
      'an address that is not allowed',
      { fault: 'url_not_allowed' as const },
      'url_not_allowed',
      'configuration',
      'pause',
    ],
  ])('because of %s stops the whole channel, and is never ambiguous', (_why, members, code, errorClass, stops) => {
    expect(summary(authorise(members))).toEqual([code, errorClass, 'retry', stops, false]);
    expect(authorise(members).failure.scope).toBe('project');
  });
});
