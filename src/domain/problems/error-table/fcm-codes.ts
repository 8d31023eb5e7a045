import type { ErrorClass } from '../problem.ts';

/**
 * One FCM code and what it asks of us. `scope` is what the decision applies to. `deadToken`: the device's token will never
 * work again `always`, or only `if_named`: where the answer names the token as the culprit.
 */
export interface FcmTableEntry {
  readonly code: string;
  readonly http: number;
  readonly title: string;
  readonly class: ErrorClass;
  readonly scope: 'token' | 'message' | 'project';
  readonly deadToken: 'always' | 'if_named' | 'never';
  readonly note: string;
}

/**
 * FCM HTTP v1 error codes, and the statuses of Google's APIs that come without one.
 * Source: https://firebase.google.com/docs/reference/fcm/rest/v1/ErrorCode
 */
export const fcmErrorTable = {
  version: 2,
  provider: 'fcm',
  codes: [
    {
      code: 'UNREGISTERED',
      http: 404,
      title: 'Device token no longer registered',
      class: 'permanent',
      scope: 'token',
      deadToken: 'always',
      note: 'Nothing: the token is removed by itself, unless it was registered anew.',
    },
    {
      code: 'INVALID_ARGUMENT',
      http: 400,
      title: 'Invalid push message or token',
      class: 'permanent',
      scope: 'message',
      deadToken: 'if_named',
      note: 'Read the details of the provider; a token that they name is removed by itself.',
    },
    {
      code: 'SENDER_ID_MISMATCH',
      http: 403,
      title: 'Token of another sender',
      class: 'permanent',
      scope: 'token',
      deadToken: 'never',
      note: 'Send through the project that the app was registered with.',
    },
    {
      code: 'NOT_FOUND',
      http: 404,
      title: 'Not found',
      class: 'permanent',
      scope: 'token',
      deadToken: 'never',
      note: "Check the channel's projectId and apiBaseUrl.",
    },
    {
      code: 'QUOTA_EXCEEDED',
      http: 429,
      title: 'Push quota exceeded',
      class: 'throttled',
      scope: 'project',
      deadToken: 'never',
      note: 'Nothing at first: one device waits alone, from the second in a row on the project; if it lasts, ask for more quota.',
    },
    {
      code: 'RESOURCE_EXHAUSTED',
      http: 429,
      title: 'Push quota exceeded',
      class: 'throttled',
      scope: 'project',
      deadToken: 'never',
      note: 'Nothing at first: one device waits alone, from the second in a row on the project; if it lasts, ask for more quota.',
    },
    {
      code: 'UNAVAILABLE',
      http: 503,
      title: 'Push service overloaded',
      class: 'transient',
      scope: 'message',
      deadToken: 'never',
      note: 'Nothing: it is sent again.',
    },
    {
      code: 'INTERNAL',
      http: 500,
      title: 'Push service failed',
      class: 'ambiguous',
      scope: 'message',
      deadToken: 'never',
      note: 'Nothing: it is sent again, and marked as a possible duplicate.',
    },
    {
      code: 'DEADLINE_EXCEEDED',
      http: 504,
      title: 'Push service took too long',
      class: 'ambiguous',
      scope: 'message',
      deadToken: 'never',
      note: 'Nothing: it is sent again, and marked as a possible duplicate.',
    },
    {
      code: 'THIRD_PARTY_AUTH_ERROR',
      http: 401,
      title: 'APNs or web push credentials refused',
      class: 'permanent',
      scope: 'token',
      deadToken: 'never',
      note: "Renew the project's APNs key or web push certificate in Firebase, then retry what failed; devices of other platforms are reached meanwhile.",
    },
    {
      code: 'UNAUTHENTICATED',
      http: 401,
      title: 'Push credentials refused',
      class: 'configuration',
      scope: 'project',
      deadToken: 'never',
      note: 'Give the channel a valid service account or access token.',
    },
    {
      code: 'PERMISSION_DENIED',
      http: 403,
      title: 'Push not permitted',
      class: 'configuration',
      scope: 'project',
      deadToken: 'never',
      note: 'Give the service account the right to send for this project.',
    },
  ],
} as const satisfies { version: number; provider: string; codes: readonly FcmTableEntry[] };

const entryByCode: ReadonlyMap<string, FcmTableEntry> = new Map(
  fcmErrorTable.codes.map((entry) => [entry.code, entry]),
);

export function findFcmEntry(code: string): FcmTableEntry | undefined {
  return entryByCode.get(code);
}
