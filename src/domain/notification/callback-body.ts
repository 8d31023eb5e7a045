import type { NotificationError } from './notification-error.ts';
import type { Receiver } from './request.ts';

/** How an integration wants to hear of errors. */
export type ErrorDelivery = 'per_user' | 'per_batch';
export type ErrorsAs = 'array' | 'string';

/** The most errors that one callback of a whole batch carries. */
export const maxErrorsPerCallback = 1_000;

/** The names that Spring's HttpStatus prints behind the number, which integrators compare with. */
const statusNames: Readonly<Record<number, string>> = {
  400: '400 BAD_REQUEST',
  403: '403 FORBIDDEN',
  404: '404 NOT_FOUND',
  500: '500 INTERNAL_SERVER_ERROR',
};

export interface CallbackStyle {
  readonly envelope: Readonly<Record<string, unknown>>;
  readonly requestId: string;
  readonly errorsAs: ErrorsAs;
}

/**
 * The text of one callback: all original properties, the receivers narrowed to those of these errors, the errors, and the
 * request id. `errorsAs: 'string'` gives the same list as a JSON string (the seed: "a list of errors … as a string").
 */
export function writeCallbackBody(errors: readonly NotificationError[], style: CallbackStyle): string {
  const listed = errors.map(({ code, description, status }) => ({
    code,
    description,
    status: statusNames[status] ?? String(status),
    requestId: style.requestId,
  }));
  return JSON.stringify({
    ...style.envelope,
    receivers: narrowReceivers(errors),
    errors: style.errorsAs === 'string' ? JSON.stringify(listed) : listed,
    requestId: style.requestId,
  });
}

/**
 * The receivers that these errors are about, merchants and users in order of mention and each once. An error of a whole
 * merchant names it without users; an error of the whole batch names nobody.
 */
export function narrowReceivers(errors: readonly NotificationError[]): readonly Receiver[] {
  const usersByMerchant = new Map<string, Set<string>>();
  for (const { merchantId, userId } of errors) {
    if (merchantId === null) continue;
    const users = usersByMerchant.get(merchantId) ?? new Set();
    usersByMerchant.set(merchantId, users);
    if (userId !== null) users.add(userId);
  }
  return [...usersByMerchant].map(([merchantId, users]) => ({ merchantId, userIds: [...users] }));
}

/** The errors of each callback, in order. */
export function groupErrors<E extends NotificationError>(errors: readonly E[], errorDelivery: ErrorDelivery): E[][] {
  const size = errorDelivery === 'per_user' ? 1 : maxErrorsPerCallback;
  const groups: E[][] = [];
  for (let start = 0; start < errors.length; start += size) groups.push(errors.slice(start, start + size));
  return groups;
}
