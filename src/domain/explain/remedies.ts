import { cancelInbound } from '../inbound/control.ts';
import type { Job } from '../job.ts';
import { cancelMessage, retryMessage, retryNow } from '../message/control.ts';
import { cancelBatch, retryBatch } from '../notification/control.ts';
import type { CallName } from './calls.ts';
import { causeOfProblem } from './cause-of-problem.ts';
import type { CauseKind, Remedy } from './explanation.ts';
import type { ExplainFacts } from './facts.ts';

type Parts = Pick<Remedy, 'names' | 'body' | 'needs'>;

interface RemedyRule {
  readonly title: string;
  readonly call: CallName;
  /** The call for one job; none = it does not help there, or would be refused. */
  readonly make: (job: Job, facts: ExplainFacts) => readonly Parts[];
}

const maxReplays = 3;

/** What can be done through the API, by `rel`. What only a person has is null in the body. */
export const remedyRules = {
  'update-credentials': {
    title: 'Give the channel credentials that work; that resumes it',
    call: 'changeChannel',
    make: (job, { channel }) => {
      if (channel === null) return [];
      const code = channel.pausedReason?.code ?? job.error?.code ?? '';
      if (code === 'push_credentials_refused') return change(job.channelId, ['serviceAccount']);
      const isNumber = code === 'whatsapp_33' || code === 'whatsapp_100';
      return change(job.channelId, isNumber ? ['phoneNumberId', 'accessToken'] : ['accessToken']);
    },
  },
  resume: {
    title: 'Resume the channel',
    call: 'resumeChannel',
    make: (job, { channel }) => (channel?.isPaused === true ? named(job.channelId) : []),
  },
  'hold-outside-window': {
    title: 'Let the channel hold such messages until the person writes',
    call: 'changeChannel',
    make: (job, { channel }) =>
      job.terminal && channel !== null && ['send', 'fail'].includes(channel.outside)
        ? named(job.channelId).map((call) => ({ ...call, body: { window: { outside: 'hold' } } }))
        : [],
  },
  'send-window-template': {
    title: 'Let the channel send a template, which the person can answer',
    call: 'changeChannel',
    make: (job, { channel }) =>
      !job.terminal && channel?.outside === 'hold'
        ? named(job.channelId).map((call) => ({
            ...call,
            body: { window: { outside: 'template', template: null } },
            needs: ['/window/template'],
          }))
        : [],
  },
  'sync-templates': {
    title: 'Ask WhatsApp how the templates stand',
    call: 'syncTemplates',
    make: (job, { channel }) => (channel === null || channel.wabaId === null ? [] : named(job.channelId)),
  },
  'update-app-secret': {
    title: "Give the channel the app secret that WhatsApp's callbacks are signed with",
    call: 'changeChannel',
    make: (job, { channel }) =>
      channel === null || channel.signs.refusalCode === null ? [] : change(job.channelId, ['appSecret']),
  },
  'register-device': {
    title: 'Register a device of the user',
    call: 'putUser',
    make: (_job, { silentUser: user }) => {
      // Who has switched pushes off wants none.
      if (user === null || !user.isPushEnabled || user.tokens > 0) return [];
      const { merchantId, userId, isActive: active, roles, language } = user;
      const body = { active, roles, language, push: { enabled: true, tokens: null } };
      return [{ names: [merchantId, userId], body, needs: ['/push/tokens'] }];
    },
  },
  retry: {
    title: 'Try it again at once',
    call: 'retryJob',
    make: (job, facts) => (canRetry(job, facts) ? named(job.id) : []),
  },
  replay: {
    title: 'Send once more what was not taken',
    call: 'replayDelivery',
    make: (job, { untold }) =>
      untold
        .filter(
          ({ state, isDisabled }) => state === 'failed' && !isDisabled && (job.terminal || job.kind !== 'notification'),
        )
        .slice(0, maxReplays)
        .flatMap(({ deliveryId }) => named(deliveryId)),
  },
  'enable-endpoint': {
    title: 'Enable the endpoint',
    call: 'enableWebhook',
    make: (_job, { untold }) =>
      [
        ...new Set(
          untold.flatMap(({ isDisabled, endpointId }) => (isDisabled && endpointId !== null ? endpointId : [])),
        ),
      ]
        .slice(0, maxReplays)
        .flatMap((id) => named(id)),
  },
  'update-address': {
    title: 'If its address has changed: give the channel the right one',
    call: 'changeChannel',
    make: (job) => change(job.channelId, ['apiBaseUrl']),
  },
  'update-bot-address': {
    title: 'If its address has changed: give the channel the right one',
    call: 'changeChannel',
    make: (job) => change(job.channelId, ['botUrl']),
  },
  'update-integrator-address': {
    title: 'If its address has changed: give the integration the right one',
    call: 'changeIntegration',
    make: (job) => change(job.integration, ['url']),
  },
  'update-directory': {
    title: 'If its address has changed: name the right one',
    call: 'putDirectorySource',
    make: (_job, { directory }) =>
      directory === 'http' ? [{ names: [], body: { kind: 'http', url: null }, needs: ['/url'] }] : [],
  },
  'raise-rate': {
    title: "Raise the channel's own rate, if its number may send more",
    call: 'changeChannel',
    make: (job, { limit }) =>
      limit === null && job.rateSlotAt !== null ? change(job.channelId, ['ratePerSecond']) : [],
  },
} as const satisfies Readonly<Record<string, RemedyRule>>;

export type RemedyName = keyof typeof remedyRules;

/** What helps against each cause, best first. What is not here cures itself, or is cured outside of this API. */
const rulesOfCause: Readonly<Partial<Record<CauseKind, readonly RemedyName[]>>> = {
  expired: ['retry'],
  cancelled: ['retry'],
  group_cancelled: ['retry'],
  channel_paused: ['resume'],
  credentials: ['update-credentials', 'resume', 'retry'],
  rate_limit: ['raise-rate', 'retry'],
  kernel_unreachable: ['retry', 'update-address'],
  kernel_refused: ['retry'],
  ambiguous: ['retry'],
  window: ['hold-outside-window', 'send-window-template', 'retry'],
  template: ['sync-templates', 'retry'],
  bot: ['retry', 'update-bot-address'],
  integrator: ['retry', 'replay', 'update-integrator-address'],
  push: ['register-device', 'retry'],
  directory: ['retry', 'update-directory'],
  endpoint: ['enable-endpoint', 'replay'],
  callbacks: ['update-app-secret'],
  internal: ['retry'],
};

export function remediesAgainst(kind: CauseKind): readonly RemedyName[] {
  return rulesOfCause[kind] ?? [];
}

/** The calls that help this job against a cause, best first. */
export function findRemedies(kind: CauseKind, job: Job, facts: ExplainFacts): Remedy[] {
  return remediesAgainst(kind).flatMap((rel) => {
    const { title, call, make }: RemedyRule = remedyRules[rel];
    return make(job, facts).map((parts) => ({ rel, title, call, ...parts }));
  });
}

/** Gives a job up; none = it is too late for it. */
export function giveUp(job: Job, facts: ExplainFacts, title = 'Give it up'): Remedy[] {
  const cancel = { message: cancelAsMessage, inbound: cancelInbound, notification: cancelBatch }[job.kind];
  return cancel(job, facts.now) === null ? [] : [{ rel: 'cancel', title, call: 'cancelJob', names: [job.id] }];
}

function cancelAsMessage(job: Job, now: Date) {
  return cancelMessage(job, now, 0);
}

/** What `POST …/retry` would not refuse, and may help: of the same message that was refused for good the answer stays the same. */
function canRetry(job: Job, { now, isActivityPaused }: ExplainFacts): boolean {
  // What may be with the person already is not sent again before its window has told.
  if (isActivityPaused || job.isOutcomeUnknown) return false;
  if (job.kind === 'notification') return retryBatch(job, now) !== null;
  if (retryNow(job, now) !== null) return true;
  const { error } = job;
  const isFinal = error?.class === 'permanent' && causeOfProblem(error) === 'kernel_refused';
  return !isFinal && retryMessage(job, now) !== null;
}

function named(...names: readonly (string | null)[]): Parts[] {
  return names.includes(null) ? [] : [{ names: names.flatMap((name) => name ?? []) }];
}

/** A change of members whose values only a person has. */
function change(name: string | null, members: readonly string[]): Parts[] {
  const body = Object.fromEntries(members.map((member) => [member, null]));
  return named(name).map((call) => ({ ...call, body, needs: members.map((member) => `/${member}`) }));
}
