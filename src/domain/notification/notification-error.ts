import type { Failure } from '../failure.ts';
import { describeCode } from '../problems/catalogue.ts';
import type { ProblemSource } from '../problems/problem.ts';

/** The codes that are reported for a batch, a merchant or a user as integrators know them. */
export type NotificationErrorCode =
  | 'unspecified_receivers'
  | 'unspecified_users'
  | 'error_retrieving_active_users_for_merchant'
  | 'no_active_users_for_merchant'
  | 'no_active_user_for_merchant'
  | 'unable_to_map_custom_notification'
  | 'unable_to_save_custom_notification'
  | 'invalid_user_language_configured'
  | 'error_processing_data'
  | 'push_notifications_disabled'
  | 'custom_notification_not_delivered';

/** `merchantId` null = the whole batch; `userId` null = the whole merchant. `status` is an HTTP status. */
export interface NotificationError {
  readonly code: NotificationErrorCode;
  readonly merchantId: string | null;
  readonly userId: string | null;
  readonly description: string;
  readonly status: number;
}

/** Whom an error is about; `reason` is a sentence without its full stop, for the codes that have one. */
export interface ErrorSubject {
  readonly merchantId?: string;
  readonly userId?: string;
  readonly reason?: string;
}

/** The error with its description, worded as integrators know it (Toqio, "Error handling"). */
export function writeNotificationError(code: NotificationErrorCode, subject: ErrorSubject): NotificationError {
  return {
    code,
    merchantId: subject.merchantId ?? null,
    userId: subject.userId ?? null,
    description: describe(code, subject),
    status: describeCode(code)?.status ?? 500,
  };
}

function describe(code: NotificationErrorCode, { merchantId, userId, reason }: ErrorSubject): string {
  switch (code) {
    case 'unspecified_receivers':
      return 'Unspecified receivers.';
    case 'unspecified_users':
      return `Unspecified users for merchant ${merchantId}.`;
    case 'error_retrieving_active_users_for_merchant':
      return `Error retrieving active users for merchant ${merchantId}.`;
    case 'no_active_users_for_merchant':
      return `There are no active users for merchant ${merchantId}.`;
    case 'no_active_user_for_merchant':
      return `The user ${userId} is not active for merchant ${merchantId}.`;
    case 'unable_to_map_custom_notification':
      return reason === undefined ? 'Unable to map notification.' : `Unable to map notification: ${reason}.`;
    case 'unable_to_save_custom_notification':
      return `Unable to save notification for user ${userId} of merchant ${merchantId}.`;
    case 'invalid_user_language_configured':
      return `The user ${userId} has an invalid language configured.`;
    case 'error_processing_data':
      return reason === undefined ? 'Error processing data.' : `Error processing data: ${reason}.`;
    case 'push_notifications_disabled':
      return `Push notifications disabled for user ${userId}.`;
    case 'custom_notification_not_delivered':
      return (
        `Custom notification not delivered to user ${userId} of merchant ${merchantId}` +
        (reason === undefined ? '.' : `: ${reason}.`)
      );
  }
}

const sources: Readonly<Record<NotificationErrorCode, ProblemSource>> = {
  unspecified_receivers: 'api',
  unspecified_users: 'api',
  error_retrieving_active_users_for_merchant: 'directory',
  no_active_users_for_merchant: 'directory',
  no_active_user_for_merchant: 'directory',
  unable_to_map_custom_notification: 'rendering',
  unable_to_save_custom_notification: 'store',
  invalid_user_language_configured: 'push',
  error_processing_data: 'push',
  push_notifications_disabled: 'push',
  custom_notification_not_delivered: 'push',
};

/** `detail` null = the description says all. */
export function toFailure(error: NotificationError, detail: string | null): Failure {
  const { code } = error;
  const scope = error.merchantId === null ? 'notification' : error.userId === null ? 'merchant' : 'recipient';
  return {
    code,
    source: sources[code],
    class: describeCode(code)?.class ?? 'permanent',
    scope,
    userCanBeTold: false,
    maxRetries: null,
    retryAfterMs: null,
    httpStatus: null,
    detail: detail === null ? error.description : `${error.description} ${detail}`,
    provider: null,
    errors: [],
  };
}
