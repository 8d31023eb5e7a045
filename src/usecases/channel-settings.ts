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
  /** A channel has exactly one of these. */
  readonly alternatives: readonly string[];
  /** A new one of these may be the cure of what paused the channel. */
  readonly credentialNames: readonly string[];
  readonly urlNames: readonly string[];
}

const rulesOf: Readonly<Record<ChannelKind, KindRules>> = {
  whatsapp: {
    names: new Set(Object.keys(whatsappMembers)),
    secretNames: whatsappSecretNames,
    alternatives: ['accessToken', 'auth'],
    credentialNames: [...whatsappSecretNames, 'phoneNumberId', 'apiBaseUrl'],
    urlNames: ['apiBaseUrl', 'botUrl', 'kpiUrl'],
  },
  push: {
    names: new Set(Object.keys(pushMembers)),
    secretNames: pushSecretNames,
    alternatives: pushSecretNames,
    credentialNames: [...pushSecretNames, 'projectId', 'apiBaseUrl'],
    urlNames: ['apiBaseUrl'],
  },
};

/** Parts what is kept in clear from what is sealed. */
export function splitMembers(kind: ChannelKind, members: Members): { settings: Members; secrets: Members } {
  const { secretNames } = rulesOf[kind];
  const entries = Object.entries(members).filter(([name, value]) => name !== 'name' && value !== undefined);
  const secrets = Object.fromEntries(entries.filter(([name]) => secretNames.includes(name)));
  return {
    settings: {
      ...Object.fromEntries(entries.filter(([name]) => !secretNames.includes(name))),
      ...(kind === 'whatsapp' && showAuth(secrets)),
    },
    secrets,
  };
}

/** Of credentials that are given, what may be shown; none are given = nothing. */
function showAuth({ auth, accessToken }: Members): Members {
  if (typeof auth !== 'object' || auth === null) return accessToken === undefined ? {} : { auth: null };
  const { clientSecret: _secret, ...shown } = asMembers(auth);
  return { auth: shown };
}

/** Of the stored secrets, those that stay: credentials that stand for each other take the other's place. */
export function keptSecrets(kind: ChannelKind, stored: unknown, given: Members): Members {
  const replaced = rulesOf[kind].alternatives.some((name) => name in given) ? rulesOf[kind].alternatives : [];
  return Object.fromEntries(Object.entries(asMembers(stored)).filter(([name]) => !replaced.includes(name)));
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

/** What members ask of each other, and of the world: allowed URLs, exactly one credential, a ceiling above the floor. */
export function requireSoundMembers(kind: ChannelKind, settings: Members, secrets: Members, judge: UrlJudge): void {
  const urls = rulesOf[kind].urlNames.map((name) => [`/${name}`, textOrNull(settings[name])] as const);
  requireAllowedUrls(judge, {
    ...Object.fromEntries(urls),
    '/serviceAccount/token_uri': textOrNull(asMembers(secrets['serviceAccount'])['token_uri']),
    '/auth/tokenUrl': textOrNull(asMembers(secrets['auth'])['tokenUrl']),
  });
  if (Number(settings['retryMaxMs'] ?? 0) < Number(settings['retryInitialMs'] ?? 0)) {
    throw refuseMember('retryMaxMs', 'must not be less than retryInitialMs');
  }
  const { alternatives } = rulesOf[kind];
  if (alternatives.filter((name) => name in secrets).length !== 1) {
    throw refuseMember(alternatives.at(-1) ?? '', `exactly one of ${alternatives.join(' and ')} must be given`);
  }
}

/** Refuses a service account that could sign nothing: at the first push it would be too late. */
export function requireReadableKey({ serviceAccount }: Members): void {
  const key = textOrNull(asMembers(serviceAccount)['private_key']);
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

export function asMembers(value: unknown): Members {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
