import { describeCode } from '../problems/catalogue.ts';
import { findTableEntry } from '../problems/classify.ts';
import type { ErrorClass, Problem, ProblemSource } from '../problems/problem.ts';
import type { CauseKind } from './explanation.ts';

/** Codes that mean the same whoever meets them. */
const byCode: Readonly<Record<string, CauseKind>> = {
  recipient_opted_out: 'opted_out',
  whatsapp_131050: 'opted_out',
  window_closed: 'window',
  whatsapp_131047: 'window',
  template_unavailable: 'template',
  outcome_unknown: 'ambiguous',
  kernel_timeout: 'ambiguous',
  kernel_unreachable: 'kernel_unreachable',
  push_credentials_refused: 'credentials',
  local_capacity: 'internal',
  withdrawn: 'internal',
  internal_error: 'internal',
  store_unavailable: 'internal',
  workflow_unavailable: 'temporal',
  signature_invalid: 'callbacks',
  signature_missing: 'callbacks',
  notice_unreadable: 'callbacks',
  group_cancelled: 'group_cancelled',
  cancelled: 'cancelled',
  expired: 'expired',
  channel_not_found: 'none',
  // Of a batch: what the integrator has not taken, and what kept users from theirs.
  custom_notification_errors_not_delivered: 'integrator',
  unspecified_receivers: 'rendering',
  unspecified_users: 'rendering',
  unable_to_map_custom_notification: 'rendering',
  error_processing_data: 'rendering',
  unable_to_save_custom_notification: 'internal',
  error_retrieving_active_users_for_merchant: 'directory',
  no_active_users_for_merchant: 'directory',
  no_active_user_for_merchant: 'directory',
  invalid_user_language_configured: 'directory',
  push_notifications_disabled: 'push',
};

const bySource: Readonly<Partial<Record<ProblemSource, CauseKind>>> = {
  rendering: 'rendering',
  bot: 'bot',
  push: 'push',
  directory: 'directory',
  integrator: 'integrator',
  webhook: 'endpoint',
  kpi: 'endpoint',
  store: 'internal',
};

interface Told {
  readonly code: string;
  readonly source: ProblemSource;
  readonly class: ErrorClass;
  readonly scope: string | null;
  /** Of the answer; null = there was none, or it is not known. */
  readonly httpStatus: number | null;
}

/** Which kind of cause a problem is. */
export function causeOfProblem({ code, source, class: errorClass, scope, provider, status }: Problem): CauseKind {
  return causeOf({ code, source, class: errorClass, scope, httpStatus: provider?.httpStatus ?? status });
}

/** The same for a type: what every problem of this code is; null = of no job's, but a refused request. */
export function causeOfCode(code: string): CauseKind | null {
  const type = describeCode(code);
  if (type === undefined) return null;
  const [source = 'api'] = type.sources;
  const scope = /^whatsapp_(\w+)$/.exec(code)?.[1];
  const entry = scope === undefined ? undefined : findTableEntry(scope);
  const kind = causeOf({ code, source, class: type.class, scope: entry?.scope ?? null, httpStatus: null });
  return kind === 'none' || (kind === 'internal' && source === 'api' && byCode[code] === undefined) ? null : kind;
}

function causeOf({ code, source, class: errorClass, scope, httpStatus }: Told): CauseKind {
  const known = byCode[code];
  if (known !== undefined) return known;
  if (errorClass === 'configuration' && isAboutCredentials({ code, source, scope, httpStatus })) return 'credentials';
  const ofSource = bySource[source];
  if (ofSource !== undefined) return ofSource;
  if (source === 'api') return 'internal';
  if (scope === 'template' || /^whatsapp_132\d{3}$/.test(code)) return 'template';
  // The number or its account cannot send: what meets it pauses the channel.
  if (errorClass === 'configuration' || errorClass === 'policy') return 'channel_paused';
  if (errorClass === 'throttled') return 'rate_limit';
  if (scope?.startsWith('recipient') === true || scope === 'country' || code === 'whatsapp_131062') return 'recipient';
  if (errorClass === 'ambiguous') return 'ambiguous';
  // A gateway that answers 503 without a code is as good as away.
  return code === 'kernel_http_error' && errorClass === 'transient' ? 'kernel_unreachable' : 'kernel_refused';
}

function isAboutCredentials({ code, source, scope, httpStatus }: Omit<Told, 'class'>): boolean {
  if (code === 'kernel_http_error') return httpStatus === 401 || httpStatus === 403;
  return source === 'push' || scope === 'token' || code === 'whatsapp_33' || code === 'whatsapp_100';
}
