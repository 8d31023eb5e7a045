import type { ProblemPart } from '../problems/problem.ts';
import { isJsonObject, type JsonObject, memberOf } from './payload.ts';

/** What the activity asks for and we cannot send: dropping it silently would change the message's meaning. */
export function listUnsupportedFeatures(activity: JsonObject): ProblemPart[] {
  const parts: ProblemPart[] = [];
  if (isFilledList(memberOf(activity, 'attachments'))) {
    parts.push({ detail: 'Attachments are not supported yet.', pointer: '/attachments' });
  }
  const suggested = memberOf(activity, 'suggestedActions');
  if (isJsonObject(suggested) && isFilledList(memberOf(suggested, 'actions'))) {
    parts.push({ detail: 'Suggested actions are not supported yet.', pointer: '/suggestedActions' });
  }
  return parts;
}

/** Bot SDKs write empty lists where there is nothing. */
function isFilledList(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0;
}
