import type { Scope } from '../scope.ts';

/**
 * One call of our API. `scope` = what the key needs; `isOperators` = the operator may do it for a tenant. A test compares the
 * table with the routes.
 */
export interface ApiCall {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'PUT';
  readonly path: string;
  readonly scope: Scope | null;
  readonly isOperators: boolean;
  readonly tag: string;
}

function reads(path: string, scope: Scope, tag: string): ApiCall {
  return { method: 'GET', path, scope, isOperators: true, tag };
}

function writes(
  route: `${'POST' | 'PATCH' | 'PUT'} ${string}`,
  scope: Scope,
  tag: string,
  isOperators = false,
): ApiCall {
  const [method, path = ''] = route.split(' ');
  // The parameter's type says which words stand before the blank.
  return { method: method as ApiCall['method'], path, scope, isOperators, tag };
}

/** What an explanation links to, by operation id. */
export const apiCalls = {
  getReadiness: { method: 'GET', path: '/readyz', scope: null, isOperators: true, tag: 'operation' },
  getJob: reads('/v1/jobs/{id}', 'jobs:read', 'jobs'),
  explainJob: reads('/v1/jobs/{id}/explain', 'jobs:read', 'jobs'),
  listAttempts: reads('/v1/jobs/{id}/attempts', 'jobs:read', 'jobs'),
  getTimeline: reads('/v1/jobs/{id}/timeline', 'jobs:read', 'jobs'),
  listJobDeliveries: reads('/v1/jobs/{id}/deliveries', 'jobs:read', 'jobs'),
  listNotificationErrors: reads('/v1/jobs/{id}/errors', 'jobs:read', 'jobs'),
  getDelivery: reads('/v1/deliveries/{id}', 'jobs:read', 'jobs'),
  listTemplates: reads('/v1/channels/{id}/templates', 'jobs:read', 'channels'),
  getChannel: reads('/v1/channels/{id}', 'config:write', 'channels'),
  getWebhook: reads('/v1/webhooks/{id}', 'config:write', 'webhooks'),
  getIntegration: reads('/v1/integrations/{name}', 'config:write', 'integrations'),
  getDirectorySource: reads('/v1/directory/source', 'config:write', 'directory'),
  listOptOuts: reads('/v1/opt-outs', 'jobs:read', 'jobs'),
  retryJob: writes('POST /v1/jobs/{id}/retry', 'jobs:write', 'jobs', true),
  cancelJob: writes('POST /v1/jobs/{id}/cancel', 'jobs:write', 'jobs', true),
  changeChannel: writes('PATCH /v1/channels/{id}', 'config:write', 'channels'),
  resumeChannel: writes('POST /v1/channels/{id}/resume', 'config:write', 'channels', true),
  syncTemplates: writes('POST /v1/channels/{id}/templates/sync', 'config:write', 'channels'),
  changeIntegration: writes('PATCH /v1/integrations/{name}', 'config:write', 'integrations'),
  enableWebhook: writes('POST /v1/webhooks/{id}/enable', 'config:write', 'webhooks', true),
  replayDelivery: writes('POST /v1/deliveries/{id}/replay', 'config:write', 'jobs', true),
  putDirectorySource: writes('PUT /v1/directory/source', 'config:write', 'directory'),
  putUser: writes('PUT /v1/directory/merchants/{merchantId}/users/{userId}', 'directory:write', 'directory'),
} as const satisfies Readonly<Record<string, ApiCall>>;

export type CallName = keyof typeof apiCalls;

/** The path of a call; `names` stand in its braces, in their order. */
export function hrefOf(call: CallName, names: readonly string[]): string {
  const rest = [...names];
  return apiCalls[call].path.replaceAll(/\{\w+\}/g, () => encodeURIComponent(rest.shift() ?? ''));
}
