import { type Failure, type HttpOutcome, isLocalFault, localFailure } from '../failure.ts';
import { findJsonHazard, mendJson } from '../json-hazards.ts';

/** More activities than this are no answer to one message. */
const maxActivities = 200;

export type BotActivity = Readonly<Record<string, unknown>>;

/** What a bot said to an activity. `ignored` counts what it answered besides messages (typing, traces and the like);
 * `isTyping` = it says there that it writes. */
export type BotReply =
  | {
      readonly kind: 'replied';
      readonly messages: readonly BotActivity[];
      readonly ignored: number;
      readonly isTyping: boolean;
    }
  | { readonly kind: 'failed'; readonly failure: Failure };

/**
 * Reads the answer to an activity with `expectReplies`: `{"activities":[…]}`. An empty answer is no reply, which is
 * fine: such a bot replies later. Network faults, 408, 429 and 5xx are the bot's being unavailable, tried again; what
 * else is no list of activities, or holds what cannot be stored, is a bad reply. Source: Bot Framework, expectReplies.
 */
export function readBotReply(outcome: HttpOutcome): BotReply {
  if (!outcome.answered && isLocalFault(outcome.fault)) {
    return { kind: 'failed', failure: localFailure(outcome.fault, outcome.detail) };
  }
  if (!outcome.answered) return failed('bot_unavailable', outcome.detail, null, null);
  const { status, retryAfterMs, cutShort } = outcome;
  if (status === 408 || status === 429 || status >= 500) {
    return failed('bot_unavailable', `The bot answered HTTP ${status}.`, status, retryAfterMs);
  }
  if (cutShort === 'broken') return failed('bot_unavailable', 'The answer of the bot broke off.', status, null);
  if (status < 200 || status >= 300) return failed('bot_bad_reply', `The bot answered HTTP ${status}.`, status, null);
  const activities = readActivities(outcome.body);
  if (activities === null) {
    return failed('bot_bad_reply', 'The bot answered with something that is no list of activities.', status, null);
  }
  const hazard = findJsonHazard(activities);
  if (hazard !== null) {
    return failed('bot_bad_reply', `The bot's activities cannot be used: ${hazard.detail}`, status, null);
  }
  if (activities.length > maxActivities) {
    return failed('bot_bad_reply', `The bot answered with more than ${maxActivities} activities.`, status, null);
  }
  const messages = activities.filter((activity) => activity['type'] === undefined || activity['type'] === 'message');
  const isTyping = activities.some((activity) => activity['type'] === 'typing');
  return { kind: 'replied', messages, ignored: activities.length - messages.length, isTyping };
}

/** Null = it is no such list. */
function readActivities(body: string): readonly BotActivity[] | null {
  if (body.trim() === '') return [];
  const answer = mendJson(parseJson(body));
  if (!isObject(answer)) return null;
  const activities = Object.hasOwn(answer, 'activities') ? answer['activities'] : undefined;
  if (activities === undefined || activities === null) return [];
  return Array.isArray(activities) && activities.every(isObject) ? activities : null;
}

function isObject(value: unknown): value is BotActivity {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown; // JSON.parse says any
  } catch {
    return null; // no JSON is no list of activities
  }
}

function failed(
  code: 'bot_unavailable' | 'bot_bad_reply',
  detail: string,
  httpStatus: number | null,
  retryAfterMs: number | null,
): BotReply {
  return {
    kind: 'failed',
    failure: {
      code,
      source: 'bot',
      class: code === 'bot_unavailable' ? 'transient' : 'permanent',
      scope: 'message',
      userCanBeTold: false,
      maxRetries: null,
      retryAfterMs,
      httpStatus,
      detail,
      provider: null,
      errors: [],
    },
  };
}
