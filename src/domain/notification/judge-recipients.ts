import type { ProviderError } from '../problems/problem.ts';
import type { ActiveUsers } from './active-users.ts';
import type { ErrorSubject, NotificationErrorCode } from './notification-error.ts';
import type { BatchRecipient, NamedUser } from './request.ts';

/** One error and the recipients that fail with it. `detail` and `provider` say more in its problem. */
export interface RecipientFailure {
  readonly code: NotificationErrorCode;
  readonly subject: ErrorSubject;
  readonly ordinals: readonly number[];
  readonly detail?: string | null;
  readonly provider?: ProviderError | null;
}

/**
 * Tells whom of a page to save for, and why not the others: a merchant that could not be asked about, or where nobody is
 * active, is one error for all its recipients; a user who is not active is an error of his own.
 */
export function judgeRecipients(
  recipients: readonly BatchRecipient[],
  { active, liveMerchants, unavailableMerchants }: ActiveUsers,
): { readonly reachable: readonly BatchRecipient[]; readonly failures: readonly RecipientFailure[] } {
  const activeByMerchant = groupUsers(active);
  const reachable: BatchRecipient[] = [];
  const failures: RecipientFailure[] = [];
  const ordinalsByMerchant = new Map<string, number[]>();
  for (const recipient of recipients) {
    const { merchantId, userId, ordinal } = recipient;
    const activeUsers = activeByMerchant.get(merchantId);
    if (activeUsers?.has(userId) === true) {
      reachable.push(recipient);
    } else if (activeUsers !== undefined || liveMerchants.has(merchantId)) {
      failures.push({ code: 'no_active_user_for_merchant', subject: { merchantId, userId }, ordinals: [ordinal] });
    } else {
      const ordinals = ordinalsByMerchant.get(merchantId);
      if (ordinals === undefined) ordinalsByMerchant.set(merchantId, [ordinal]);
      else ordinals.push(ordinal);
    }
  }
  for (const [merchantId, ordinals] of ordinalsByMerchant) {
    const code = unavailableMerchants.has(merchantId)
      ? 'error_retrieving_active_users_for_merchant'
      : 'no_active_users_for_merchant';
    failures.push({ code, subject: { merchantId }, ordinals, detail: unavailableMerchants.get(merchantId) ?? null });
  }
  return { reachable, failures };
}

function groupUsers(users: readonly NamedUser[]): ReadonlyMap<string, ReadonlySet<string>> {
  const byMerchant = new Map<string, Set<string>>();
  for (const { merchantId, userId } of users) {
    const known = byMerchant.get(merchantId) ?? new Set();
    byMerchant.set(merchantId, known.add(userId));
  }
  return byMerchant;
}
