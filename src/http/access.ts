import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import type { ApiCall } from '../domain/explain/calls.ts';
import type { Scope } from '../domain/scope.ts';

/**
 * Who may call a route. `callback`: the route itself proves the caller, by a signature over the raw body or by an
 * unguessable part of the path; `public`: nobody has to; `key`: any key in force, a tenant's or the operator's, itself
 * and not by a session.
 */
export type Access =
  | { readonly kind: 'public' }
  | { readonly kind: 'callback' }
  | { readonly kind: 'admin' }
  | { readonly kind: 'key' }
  | {
      readonly kind: 'tenant';
      readonly scope: Scope;
      /** The operator may do it too, for a tenant. */
      readonly isOperators?: boolean;
    };

export interface RouteDescription {
  /** A body that the handler reads by itself, as its raw bytes are needed or too many to hold. */
  readonly body?: z.ZodType;
  /** Statuses of refusals beside those that follow from access, path, query and body. */
  readonly refusals?: readonly number[];
  /** The component that its error documents are, where they have members of their own. */
  readonly problemSchema?: string;
  /** It takes an Idempotency-Key although it is answered with 200, as another contract wants. */
  readonly takesIdempotencyKey?: boolean;
  /** A call of another contract that we answer with `not_supported`: no method to offer. */
  readonly isUnsupported?: boolean;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    access: Access;
    /** What may take as long as the other side likes: a body that is read as it comes, an answer that goes on. */
    long?: 'body' | 'answer';
    /** The body's items are looked through one by one in the route, so that a bad one spoils no other. */
    judgesItems?: boolean;
    /** What the description says beside the schemas that fastify works with. */
    described?: RouteDescription;
  }
  interface FastifyRequest {
    /** Set on routes of kind `tenant`, where a bot's capability was proved, and where the operator acts for one; else empty. */
    tenantId: string;
    /** The key that was used on routes of kind `tenant`, else empty; and what it may do. */
    apiKeyId: string;
    keyScopes: readonly string[];
    /** Of the key that was used on routes of kind `key`, else null. */
    keyHash: Buffer | null;
    /** The operator asks, for the tenant that `X-Waypost-Tenant` names. */
    isOperator: boolean;
  }
}

export const publicAccess: Access = { kind: 'public' };
export const callbackAccess: Access = { kind: 'callback' };
export const adminAccess: Access = { kind: 'admin' };
export const keyAccess: Access = { kind: 'key' };

export function tenantAccess(scope: Scope, options: { readonly isOperators?: boolean } = {}): Access {
  return { kind: 'tenant', scope, ...options };
}

/** Every one that only reads, but for contents; and what stops and starts jobs. */
export const operatorScopes: readonly Scope[] = ['jobs:read', 'jobs:write', 'inbox:read', 'events:read'];

/** Whether the admin key opens a route for the tenant that `X-Waypost-Tenant` names: its reads, and what is marked. */
export function isOpenToOperator(method: string, access: Access): boolean {
  if (access.kind !== 'tenant' || access.scope === 'content:read') return false;
  return ['GET', 'HEAD'].includes(method) || access.isOperators === true || operatorScopes.includes(access.scope);
}

/** Whether who asks may make another call of ours as well. */
export function mayCall(
  { isOperator, keyScopes }: Pick<FastifyRequest, 'isOperator' | 'keyScopes'>,
  { method, scope, isOperators }: ApiCall,
): boolean {
  if (scope === null) return true;
  return isOperator ? isOpenToOperator(method, tenantAccess(scope, { isOperators })) : keyScopes.includes(scope);
}
