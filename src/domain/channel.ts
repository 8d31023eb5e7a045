import type { WindowSettings } from './message/conversation-window.ts';
import type { ErrorClass } from './problems/problem.ts';

/** A channel's say on one provider code; absent members keep the error table's. */
export interface ErrorOverride {
  readonly class?: ErrorClass | undefined;
  readonly userCanBeTold?: boolean | undefined;
  readonly maxRetries?: number | undefined;
}

export const markReadPolicies = ['on_typing', 'on_relay', 'never'] as const;
type MarkReadPolicy = (typeof markReadPolicies)[number];

/** What a WhatsApp channel keeps in clear. URLs as given; times in the unit of their name. */
export interface WhatsappSettings {
  readonly phoneNumberId: string;
  readonly apiBaseUrl: string;
  /** The client that gets its access tokens, as it may be shown; null = it has an access token of its own. */
  readonly auth: Omit<ClientCredentials, 'clientSecret'> | null;
  readonly botUrl: string | null;
  readonly kpiUrl: string | null;
  readonly numRetries: number;
  /** Failures of the destination itself use up retries as well. */
  readonly countOutages: boolean;
  readonly retryInitialMs: number;
  readonly retryMaxMs: number;
  readonly statusWindowSeconds: number;
  readonly ambiguousPolicy: 'resend' | 'fail';
  readonly ambiguousWindowMs: number;
  readonly ordering: 'strict' | 'none';
  readonly ratePerSecond: number;
  readonly userNotices: Readonly<Record<string, string>>;
  readonly quoteReplies: boolean;
  /** When a person's message is marked as read: as the bot writes, as it has taken the message, or by hand alone. */
  readonly markRead: MarkReadPolicy;
  readonly errorOverrides: Readonly<Record<string, ErrorOverride>>;
  /** The WhatsApp business account, which has the templates; null = they are not looked after. */
  readonly wabaId: string | null;
  /** What becomes of free-form messages outside the 24 hours after a person's last word. */
  readonly window: WindowSettings;
  /** A person who writes one of these wants no more messages that answer none of theirs; whole texts. */
  readonly optOutWords: string[];
  /** A person who writes one of these wants them again. */
  readonly optInWords: string[];
}

/** Of channels that were made before there were these settings. */
export const addedWhatsappSettings: Pick<
  WhatsappSettings,
  'auth' | 'markRead' | 'wabaId' | 'window' | 'optOutWords' | 'optInWords'
> = {
  auth: null,
  markRead: 'on_typing',
  wabaId: null,
  window: { outside: 'send' },
  optOutWords: [],
  optInWords: [],
};

/** A client of a token endpoint, which gives it access tokens for Kernel (RFC 6749 §4.4). */
export interface ClientCredentials {
  readonly kind: 'oauth2_client_credentials';
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly scope?: string | undefined;
  readonly audience?: string | undefined;
}

/** What opens a number at Kernel: exactly one of the two. */
export interface KernelCredentials {
  readonly accessToken?: string | undefined;
  readonly auth?: ClientCredentials | undefined;
}

/** What a WhatsApp channel keeps sealed. `capability` is the unguessable part of the bot's serviceUrl. */
export interface WhatsappSecrets extends KernelCredentials {
  readonly appSecret: string;
  readonly verifyToken: string;
  readonly capability: string;
}

export interface PushSettings {
  readonly projectId: string;
  readonly apiBaseUrl: string;
}

/** The members of Google's key file that signing needs; `token_uri` left out = Google's own. */
export interface ServiceAccount {
  readonly client_email: string;
  readonly private_key: string;
  readonly token_uri?: string | undefined;
}

/** What a push channel keeps sealed: exactly one of the two. */
export interface PushSecrets {
  readonly accessToken?: string | undefined;
  readonly serviceAccount?: ServiceAccount | undefined;
}
