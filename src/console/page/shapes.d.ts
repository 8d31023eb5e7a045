// What the API answers, as its own schemas say it.
import type { z } from 'zod';
import type { channelView } from '../../contracts/http/channels.ts';
import type { attemptView, jobView, timelineItem } from '../../contracts/http/jobs.ts';
import type { deliveryView, notificationErrorView, recipientView } from '../../contracts/http/notifications.ts';
import type { problemDocument } from '../../contracts/http/problem.ts';
import type { webhookView } from '../../contracts/http/webhooks.ts';

export type Job = z.infer<typeof jobView>;
export type Attempt = z.infer<typeof attemptView>;
export type TimelineItem = z.infer<typeof timelineItem>;
export type Recipient = z.infer<typeof recipientView>;
export type NotificationError = z.infer<typeof notificationErrorView>;
export type Delivery = z.infer<typeof deliveryView>;
export type Problem = z.infer<typeof problemDocument>;
export type Channel = z.infer<typeof channelView>;
export type Webhook = z.infer<typeof webhookView>;
export interface ProblemCount {
  readonly code: string;
  readonly count: number;
  readonly lastAt: string;
}
export interface Page<Row> {
  readonly data: Row[];
  readonly nextCursor: string | null;
}
/** What a refusal says of itself, as far as it says it. */
export type MaybeProblem = Partial<Pick<Problem, 'title' | 'detail' | 'code'>>;
