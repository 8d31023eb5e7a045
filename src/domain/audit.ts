import { toCanonicalJson } from './canonical-json.ts';

/** Everything that leaves an entry: what it was done to, and what was done. */
export const auditActions = [
  'tenant.created',
  'api_key.created',
  'api_key.revoked',
  'channel.created',
  'channel.updated',
  'channel.paused',
  'channel.resumed',
  'channel.deleted',
  'integration.created',
  'integration.updated',
  'integration.deleted',
  'webhook.created',
  'webhook.updated',
  'webhook.secret_rotated',
  'webhook.enabled',
  'webhook.deleted',
  'directory_source.updated',
  'target_screens.updated',
  'jobs.retried',
  'jobs.cancelled',
  'job.cancelled',
  'job.retried',
  'job.content_read',
  'delivery.replayed',
  'webhook.replayed',
  'notice.replayed',
  'recipient.erased',
] as const;
export type AuditAction = (typeof auditActions)[number];

/** Who asks for a change, and in which request. */
export interface Caller {
  readonly tenantId: string;
  readonly actor: { readonly kind: 'api_key'; readonly id: string } | { readonly kind: 'admin' };
  readonly requestId: string;
}

/** `targetId` null = the tenant has one of these, or many were meant. `changed` = names of members, never their values. */
export interface AuditedChange {
  readonly action: AuditAction;
  readonly targetId: string | null;
  readonly changed: readonly string[];
}

/** What an action was done to: `channel.paused` → `channel`. */
export function targetTypeOf(action: AuditAction): string {
  return action.slice(0, action.indexOf('.'));
}

/** The names of the members that differ, in alphabetical order. An absent member is as good as null. */
export function changedMembers(before: object, after: object): readonly string[] {
  const earlier = new Map<string, unknown>(Object.entries(before));
  const later = new Map<string, unknown>(Object.entries(after));
  const names = [...new Set([...earlier.keys(), ...later.keys()])].toSorted();
  return names.filter(
    (name) => toCanonicalJson(earlier.get(name) ?? null) !== toCanonicalJson(later.get(name) ?? null),
  );
}

/** What a tenant does to one of its own jobs stands on the job; what the operator does to it is audited as well. */
export function isOperator({ actor }: Caller): boolean {
  return actor.kind === 'admin';
}
