import type { TimelineEntry } from '../job.ts';
import type { MessageRequest } from './request.ts';

/**
 * What the Activity protocol knows. A misspelt type would be skipped as quietly as these but `message` are.
 * Source: https://github.com/microsoft/Agents/blob/main/specs/activity/protocol-activity.md
 */
export const activityTypes = [
  'message',
  'messageUpdate',
  'messageDelete',
  'messageReaction',
  'typing',
  'endOfConversation',
  'event',
  'invoke',
  'invokeResponse',
  'conversationUpdate',
  'contactRelationUpdate',
  'installationUpdate',
  'deleteUserData',
  'suggestion',
  'trace',
  'handoff',
  'command',
  'commandResult',
  'delay',
] as const;

/** The type of an activity that is no message (typing, endOfConversation, trace …); null = there is something to send. */
export function skippedTypeOf({ activity }: MessageRequest): string | null {
  const type = activity?.['type'];
  return typeof type === 'string' && type !== 'message' ? type : null;
}

export function tellSkipped(activityType: string): TimelineEntry {
  return { type: 'message.skipped', title: `Skipped: an activity of type ${activityType} is no message` };
}
