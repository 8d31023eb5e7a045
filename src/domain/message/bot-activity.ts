import { isId } from '../ids.ts';

type Activity = Readonly<Record<string, unknown>>;

// RFC 3339; some bots leave the offset out, and the Activity protocol means UTC then.
const timeShape = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)?$/i;

/** When a bot's activity is not to be shown any more; null = never said, not readable, or past already. */
export function readExpiration(activity: Activity, now: Date): Date | null {
  const { expiration } = activity;
  const offset = typeof expiration === 'string' ? timeShape.exec(expiration) : null;
  if (offset === null) return null;
  const time = new Date(offset[2] === undefined ? `${offset[0]}Z` : offset[0]);
  return time.getTime() > now.getTime() ? time : null;
}

/** The inbound messages that a bot's activity may be an answer to, the likeliest first. `activityId` stands in the path. */
export function listAnswered(activity: Activity, activityId: string | null): string[] {
  return [activityId, activity['replyToId']].filter(
    (id): id is string => typeof id === 'string' && isId('inbound', id),
  );
}

/**
 * What is kept of a bot's activity: bots repeat the `serviceUrl` that they were told, whose capability is the channel's
 * secret, and nothing here reads it.
 */
export function withoutServiceUrl(activity: Activity): Activity {
  const { serviceUrl: _serviceUrl, ...kept } = activity;
  return kept;
}
