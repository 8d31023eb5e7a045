import { timingSafeEqual } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { LRUCache } from 'lru-cache';
import type { ConsoleSessions } from '../console/session.ts';
import { apiProblem } from '../domain/problems/refusal.ts';
import { isId } from '../domain/ids.ts';
import type { Scope } from '../domain/scope.ts';
import { findApiKey } from '../store/cross-tenant.ts';
import { findTenant } from '../store/tenants.ts';
import type { Transactions } from '../store/transactions.ts';
import { apiKeyShape, hashApiKey } from '../usecases/api-key-secret.ts';
import { type Access, isOpenToOperator, operatorScopes } from './access.ts';
import type { StrangerLookups } from './stranger-lookups.ts';

const maxKnownKeys = 10_000;
const maxUnknownKeys = 10_000;
/** No key begins to be valid after it was asked for, so this bounds nothing but what a restored database brings back. */
const unknownKeyMs = 1_000;

/**
 * One hook for all routes, before a byte of the body is read: finds the key, checks that it may call this route, and
 * notes the tenant on the request. A route that does not say who may call it stops the process at its start.
 */
export function authenticateRequests(
  app: FastifyInstance,
  dependencies: {
    readonly transactions: Transactions;
    readonly adminKey: string;
    readonly strangers: StrangerLookups;
    readonly sessions: ConsoleSessions;
  },
): void {
  const { transactions, strangers, sessions } = dependencies;
  /** Keys, by their hashes, that this process has seen in force. Each call asks again: a key ends at once. */
  const known = new LRUCache<string, true>({ max: maxKnownKeys });
  const unknown = new LRUCache<string, true>({ max: maxUnknownKeys, ttl: unknownKeyMs });
  const adminHash = hashApiKey(dependencies.adminKey);
  // Digests, so that the time tells neither length nor common beginning.
  const isAdminKey = ({ hash }: GivenKey) => timingSafeEqual(hash, adminHash);
  const share = shareNext<Awaited<ReturnType<typeof findApiKey>>>();

  app.decorateRequest('tenantId', '');
  app.decorateRequest('apiKeyId', '');
  app.decorateRequest('keyScopes');
  app.decorateRequest('isOperator', false);
  app.decorateRequest('keyHash', null);
  app.addHook('onRoute', (route) => {
    if (route.config?.access === undefined)
      throw new Error(`${String(route.method)} ${route.url} does not name its access`);
  });
  app.addHook('onRequest', async (request) => {
    if (request.is404) return;
    const { access } = request.routeOptions.config;
    if (access.kind === 'public' || access.kind === 'callback') return;
    const key = readKey(request) ?? (access.kind === 'key' ? null : readSession(request));
    if (key === null) throw apiProblem('unauthorized', 'The request carries no key.');
    if (access.kind === 'tenant')
      await (isAdminKey(key) ? admitOperator(request, access) : admitTenant(request, key, access.scope));
    else if (access.kind === 'key') await admitAnyKey(request, key);
    else if (!isAdminKey(key)) await refuseAdmin(key);
  });

  function readSession(request: FastifyRequest): GivenKey | null {
    const hash = sessions.read(request.headers);
    return hash === null ? null : { hash, isWellFormed: true };
  }

  async function admitAnyKey(request: FastifyRequest, key: GivenKey): Promise<void> {
    if (!isAdminKey(key)) request.admission?.claimTenant((await requireKey(key)).tenantId);
    request.keyHash = key.hash;
  }

  async function requireKey(key: GivenKey) {
    const found = await lookUp(key);
    if (found === null) throw apiProblem('unauthorized', 'The key is unknown, expired or deleted.');
    return found;
  }

  async function admitTenant(request: FastifyRequest, key: GivenKey, scope: Scope): Promise<void> {
    const found = await requireKey(key);
    if (!found.scopes.includes(scope)) throw apiProblem('insufficient_scope', `The key lacks the scope ${scope}.`);
    request.admission?.claimTenant(found.tenantId);
    request.tenantId = found.tenantId;
    request.apiKeyId = found.id;
    request.keyScopes = found.scopes;
  }

  /** As a tenant, for its reads and what stops and starts its work. */
  async function admitOperator(request: FastifyRequest, access: Access): Promise<void> {
    const tenantId = request.headers['x-waypost-tenant'];
    if (typeof tenantId !== 'string' || tenantId === '') {
      throw apiProblem('insufficient_scope', 'The admin key opens /v1/tenants, and a tenant by X-Waypost-Tenant only.');
    }
    if (!isOpenToOperator(request.method, access)) {
      throw apiProblem(
        'insufficient_scope',
        "The admin key opens a tenant's reads and actions; this takes a key of the tenant.",
      );
    }
    const isThere = isId('tenant', tenantId) && (await transactions.withTenant(tenantId, findTenant)) !== null;
    if (!isThere) throw apiProblem('not_found', 'There is no tenant of the id in X-Waypost-Tenant.');
    request.admission?.claimTenant(tenantId);
    request.tenantId = tenantId;
    request.keyScopes = operatorScopes;
    request.isOperator = true;
  }

  async function refuseAdmin(key: GivenKey): Promise<never> {
    if ((await lookUp(key)) === null) throw apiProblem('unauthorized', 'This is not the admin key.');
    throw apiProblem('insufficient_scope', 'A key of a tenant does not open this route; the admin key does.');
  }

  async function lookUp({ hash, isWellFormed }: GivenKey) {
    if (!isWellFormed) return null;
    const name = hash.toString('base64');
    const load = async () => (unknown.has(name) ? null : transactions.acrossTenants((tx) => findApiKey(tx, hash)));
    const found = await (known.has(name) ? share(name, load) : strangers.run(load));
    if (found === null) unknown.set(name, true);
    if (found === null) known.delete(name);
    else known.set(name, true);
    return found;
  }
}

/** What the caller showed: the key itself, or a session of the console that stands for it. */
interface GivenKey {
  readonly hash: Buffer;
  /** False = no key has this form, so there is no need to look. */
  readonly isWellFormed: boolean;
}

/** `Authorization: Bearer …` first, then `X-Api-Key`. */
function readKey(request: FastifyRequest): GivenKey | null {
  const bearer = /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1];
  const key = bearer ?? request.headers['x-api-key'];
  if (typeof key !== 'string' || key === '') return null;
  return { hash: hashApiKey(key), isWellFormed: apiKeyShape.test(key) };
}

/**
 * One look-up of a name at a time: who asks while it runs shares the next one with all others who do, so that each answer
 * was read after it was asked for.
 */
function shareNext<T>() {
  const running = new Map<string, { readonly now: Promise<T>; next: Promise<T> | null }>();
  return function ask(name: string, load: () => Promise<T>): Promise<T> {
    const current = running.get(name);
    if (current !== undefined) {
      current.next ??= current.now.then(noValue, noValue).then(() => ask(name, load));
      return current.next;
    }
    const now = load().finally(() => running.delete(name));
    running.set(name, { now, next: null });
    return now;
  };
}

function noValue(): void {}
