import type { Scope } from '../domain/scope.ts';

/**
 * Who may call a route. `callback`: the route itself proves the caller, by a signature over the raw body or by an
 * unguessable part of the path; `public`: nobody has to.
 */
export type Access =
  | { readonly kind: 'public' }
  | { readonly kind: 'callback' }
  | { readonly kind: 'admin' }
  | { readonly kind: 'tenant'; readonly scope: Scope };

declare module 'fastify' {
  interface FastifyContextConfig {
    access: Access;
    /** What may take as long as the other side likes: a body that is read as it comes, an answer that goes on. */
    long?: 'body' | 'answer';
  }
  interface FastifyRequest {
    /** Set on routes of kind `tenant`, where a bot's capability was proved, and where the operator acts for one; else empty. */
    tenantId: string;
    /** The key that was used on routes of kind `tenant`, else empty. */
    apiKeyId: string;
  }
}

export const publicAccess: Access = { kind: 'public' };
export const callbackAccess: Access = { kind: 'callback' };
export const adminAccess: Access = { kind: 'admin' };

export function tenantAccess(scope: Scope): Access {
  return { kind: 'tenant', scope };
}
