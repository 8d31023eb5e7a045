import type { TimelineEntry } from '../job.ts';
import type { MessageRequest } from './request.ts';

/** The type of an activity that is no message (typing, endOfConversation, trace …); null = there is something to send. */
export function skippedTypeOf({ activity }: MessageRequest): string | null {
  const type = activity?.['type'];
  return typeof type === 'string' && type !== 'message' ? type : null;
}

export function tellSkipped(activityType: string): TimelineEntry {
  return { type: 'message.skipped', title: `Skipped: an activity of type ${activityType} is no message` };
}
