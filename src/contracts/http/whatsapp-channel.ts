import { z } from 'zod';
import { addedWhatsappSettings, markReadPolicies } from '../../domain/channel.ts';
import { outsidePolicies } from '../../domain/message/conversation-window.ts';
import { errorClasses } from '../../domain/problems/problem.ts';
import { usualAmbiguousWindowMs, usualBackoff, usualRetries } from '../../domain/retry-table.ts';
import { credentialOf, languageTagText, lineOf, urlText } from './primitives.ts';

const maxTimeMs = 24 * 60 * 60 * 1000;
const thirtyDaysSeconds = 30 * 24 * 60 * 60;
/** Cloud API: the longest body of a text message. */
const maxNoticeChars = 4_096;

const errorOverride = z.strictObject({
  class: z.enum(errorClasses).optional(),
  userCanBeTold: z.boolean().optional(),
  maxRetries: z.number().int().min(0).max(100).optional(),
});

/** Cloud API: the `template` of a message. */
const windowTemplate = z.strictObject({
  name: lineOf(512),
  language: z.strictObject({ code: lineOf(32) }),
  components: z.array(z.unknown()).max(50).optional(),
});

/** Whole texts that a person may write. */
const words = z.array(lineOf(100)).max(100);

/** Where the channel's access tokens come from, as it is shown. */
export const shownAuth = z.strictObject({
  kind: z.literal('oauth2_client_credentials'),
  tokenUrl: urlText,
  clientId: lineOf(512),
  scope: lineOf(1_024).optional(),
  audience: lineOf(1_024).optional(),
});

/** What a WhatsApp channel is made of, without defaults: the base of what is given at first and of what is changed. */
export const whatsappMembers = {
  name: lineOf(200),
  phoneNumberId: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be 1 to 64 letters, digits, _ or -'),
  apiBaseUrl: urlText.describe('With the version, such as https://graph.facebook.com/v23.0'),
  accessToken: credentialOf(4_096).describe('Write-only'),
  auth: shownAuth
    .extend({ clientSecret: z.string().min(1).max(4_096).describe('Write-only') })
    .describe('Instead of `accessToken`: the OAuth client whose access tokens open the number'),
  appSecret: lineOf(512).describe('Write-only; checks the signatures of callbacks'),
  verifyToken: lineOf(512).describe('Write-only; answers the subscription handshake'),
  botUrl: urlText.nullable().describe('Where inbound messages go; null = nowhere'),
  kpiUrl: urlText.nullable().describe('Where KPI events go; null = to `botUrl`'),
  numRetries: z.number().int().min(0).max(100).describe('Resends of one message after recoverable errors'),
  countOutages: z
    .boolean()
    .describe(
      'Whether a destination that cannot be reached uses up retries; false = it is waited for until `expiresAt`',
    ),
  retryInitialMs: z.number().int().min(1).max(maxTimeMs),
  retryMaxMs: z.number().int().min(1).max(maxTimeMs),
  statusWindowSeconds: z.number().int().min(1).max(thirtyDaysSeconds),
  ambiguousPolicy: z.enum(['resend', 'fail']),
  ambiguousWindowMs: z.number().int().min(0).max(maxTimeMs),
  ordering: z.enum(['strict', 'none']),
  ratePerSecond: z.number().positive().max(10_000),
  userNotices: z
    .record(languageTagText, z.string().min(1).max(maxNoticeChars))
    .refine((notices) => Object.keys(notices).length <= 100, 'must not hold more than 100 languages')
    .describe('What the end user reads when a message cannot reach them, by language'),
  quoteReplies: z.boolean(),
  markRead: z
    .enum(markReadPolicies)
    .describe(
      "When a person's last message is marked as read: `on_typing` as the bot writes (its `typing` activity, which is shown), `on_relay` as the bot has taken it, too; `never` = by hand alone, and typing is not shown",
    ),
  errorOverrides: z
    .record(z.string().regex(/^[A-Za-z0-9_]{1,64}$/), errorOverride)
    .refine((overrides) => Object.keys(overrides).length <= 500, 'must not hold more than 500 codes')
    .describe("The channel's own word on provider codes"),
  wabaId: z
    .string()
    .regex(/^\d{1,32}$/, 'must be the digits of a WhatsApp business account')
    .nullable()
    .describe('The WhatsApp business account: its templates are looked after; null = they are not'),
  window: z
    .strictObject({ outside: z.enum(outsidePolicies), template: windowTemplate.optional() })
    .refine(({ outside, template }) => outside !== 'template' || template !== undefined, {
      message: 'is needed where outside is template',
      path: ['template'],
    })
    .describe("What becomes of free-form messages outside the 24 hours after a person's last word"),
  optOutWords: words.describe(
    'Who writes one of these, as the whole text, wants no messages that answer none of theirs',
  ),
  optInWords: words.describe('Who writes one of these wants them again'),
};

/** `accessToken` and the like are sealed; everything else is kept in clear and shown. */
export const whatsappSecretNames = ['accessToken', 'auth', 'appSecret', 'verifyToken'] as const;

export const newWhatsappChannel = z
  .strictObject({
    kind: z.literal('whatsapp'),
    ...whatsappMembers,
    accessToken: whatsappMembers.accessToken.optional(),
    auth: whatsappMembers.auth.optional(),
    botUrl: whatsappMembers.botUrl.default(null),
    kpiUrl: whatsappMembers.kpiUrl.default(null),
    numRetries: whatsappMembers.numRetries.default(usualRetries),
    countOutages: whatsappMembers.countOutages.default(false),
    retryInitialMs: whatsappMembers.retryInitialMs.default(usualBackoff.initialMs),
    retryMaxMs: whatsappMembers.retryMaxMs.default(usualBackoff.maximumMs),
    statusWindowSeconds: whatsappMembers.statusWindowSeconds.default(86_400),
    ambiguousPolicy: whatsappMembers.ambiguousPolicy.default('resend'),
    ambiguousWindowMs: whatsappMembers.ambiguousWindowMs.default(usualAmbiguousWindowMs),
    ordering: whatsappMembers.ordering.default('strict'),
    ratePerSecond: whatsappMembers.ratePerSecond.default(80),
    userNotices: whatsappMembers.userNotices.default({}),
    quoteReplies: whatsappMembers.quoteReplies.default(false),
    markRead: whatsappMembers.markRead.default(addedWhatsappSettings.markRead),
    errorOverrides: whatsappMembers.errorOverrides.default({}),
    wabaId: whatsappMembers.wabaId.default(null),
    window: whatsappMembers.window.default(addedWhatsappSettings.window),
    optOutWords: whatsappMembers.optOutWords.default([]),
    optInWords: whatsappMembers.optInWords.default([]),
  })
  .meta({ oneOf: [{ required: ['accessToken'] }, { required: ['auth'] }] });
