import { createPrivateKey } from 'node:crypto';
import type { ChannelChange, NewChannelRequest } from '../contracts/http/channels.ts';
import { pushMembers, pushSecretNames } from '../contracts/http/push-channel.ts';
import { whatsappMembers, whatsappSecretNames } from '../contracts/http/whatsapp-channel.ts';
import { apiProblem } from '../domain/problems/refusal.ts';
import { type UrlJudge, requireAllowedUrls } from './require-allowed-url.ts';

export type ChannelKind = NewChannelRequest['kind'];
type Members = Readonly<Record<string, unknown>>;

interface KindRules {
  readonly names: ReadonlySet<string>;
  readonly secretNames: readonly string[];
  /** A new one of these may be the cure of what paused the channel. */
  readonly credentialNames: readonly string[];
  readonly urlNames: readonly string[];
}

const rulesOf: Readonly<Record<ChannelKind, KindRules>> = {
  whatsapp: {
    names: new Set(Object.keys(whatsappMembers)),
    secretNames: whatsappSecretNames,
    credentialNames: [...whatsappSecretNames, 'phoneNumberId', 'apiBaseUrl'],
    urlNames: ['apiBaseUrl', 'botUrl', 'kpiUrl'],
  },
  push: {
    names: new Set(Object.keys(pushMembers)),
    secretNames: pushSecretNames,
    credentialNames: [...pushSecretNames, 'projectId', 'apiBaseUrl'],
    urlNames: ['apiBaseUrl'],
  },
};

/** Parts what is kept in clear from what is sealed. */
export function splitMembers(kind: ChannelKind, members: Members): { settings: Members; secrets: Members } {
  const { secretNames } = rulesOf[kind];
  const entries = Object.entries(members).filter(([name, value]) => name !== 'name' && value !== undefined);
  return {
    settings: Object.fromEntries(entries.filter(([name]) => !secretNames.includes(name))),
    secrets: Object.fromEntries(entries.filter(([name]) => secretNames.includes(name))),
  };
}

/** Refuses members of the other kind, which the shape of a change cannot tell apart. */
export function requireMembersOfKind(kind: ChannelKind, change: ChannelChange): void {
  const errors = Object.keys(change)
    .filter((name) => !rulesOf[kind].names.has(name))
    .map((name) => ({ detail: `A ${kind} channel has no member of this name.`, pointer: `/${name}` }));
  if (errors.length > 0) throw apiProblem('invalid_request', errors[0]?.detail ?? '', { errors });
}

/** Whether a change could cure what paused the channel. */
export function changesCredentials(kind: ChannelKind, change: ChannelChange): boolean {
  return rulesOf[kind].credentialNames.some((name) => name in change);
}

/** What members ask of each other, and of the world: allowed URLs, one credential for push, a ceiling above the floor. */
export function requireSoundMembers(kind: ChannelKind, settings: Members, secrets: Members, judge: UrlJudge): void {
  const urls = rulesOf[kind].urlNames.map((name) => [`/${name}`, textOrNull(settings[name])] as const);
  requireAllowedUrls(judge, {
    ...Object.fromEntries(urls),
    '/serviceAccount/token_uri': asMember(secrets['serviceAccount'], 'token_uri'),
  });
  if (Number(settings['retryMaxMs'] ?? 0) < Number(settings['retryInitialMs'] ?? 0)) {
    throw refuseMember('retryMaxMs', 'must not be less than retryInitialMs');
  }
  if (kind === 'push' && 'accessToken' in secrets === 'serviceAccount' in secrets) {
    throw refuseMember('serviceAccount', 'exactly one of accessToken and serviceAccount must be given');
  }
}

/** Refuses a service account that could sign nothing: at the first push it would be too late. */
export function requireReadableKey({ serviceAccount }: Members): void {
  const key = asMember(serviceAccount, 'private_key');
  if (key === null || isRsaKey(key)) return;
  throw refuseMember('serviceAccount/private_key', 'must be an RSA private key in PEM, as it stands in the key file');
}

function isRsaKey(pem: string): boolean {
  try {
    return createPrivateKey(pem).asymmetricKeyType === 'rsa';
  } catch {
    return false;
  }
}

function refuseMember(name: string, detail: string) {
  return apiProblem('invalid_request', `/${name}: ${detail}`, { errors: [{ detail, pointer: `/${name}` }] });
}

function asMember(account: unknown, name: 'token_uri' | 'private_key'): string | null {
  return typeof account === 'object' && account !== null
    ? textOrNull((account as Members)[name]) // an object that the contract has parsed
    : null;
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
