import type { Problem } from '../domain/problems/problem.ts';
import type { PurgedCounts } from '../domain/retention.ts';
import type {
  ChannelReference,
  DeliveryReference,
  EndpointReference,
  ErasureReference,
  JobReference,
  PageReference,
  WebhookReference,
} from './workflows.ts';

/** The steps of a message that fail by themselves, by the names of their activities. */
export type MessageStep = 'renderMessage' | 'uploadMedia' | 'sendToKernel';

/**
 * What an attempt leaves to do. `end`: nothing, the record says the rest; `problem` is that of a job which has failed or
 * expired, else null. `wait`: it is tried again `waitMs` from now, and expires in `expiresInMs`; `problem` null = a fault of
 * ours. `escalate`: the fast path has no room for this destination, takes too long or is not there; go on as an ordinary activity.
 * `activity` = the one to go on with, `sendToKernel` or `relayToBot` where it is absent.
 */
export type DeliveryStep =
  | {
      readonly next: 'end';
      readonly state: string;
      readonly errorCode: string | null;
      readonly attempts: number;
      readonly problem: Problem | null;
    }
  | {
      readonly next: 'wait';
      readonly waitMs: number;
      readonly expiresInMs: number;
      readonly state: string;
      readonly errorCode: string | null;
      readonly summary: string;
      readonly attempts: number;
      readonly problem: Problem | null;
      readonly activity?: MessageStep;
    }
  | { readonly next: 'escalate'; readonly reason: string; readonly activity?: MessageStep };

/**
 * The `details` of the failure by which an ordinary activity tells Temporal a refusal: the problem as it is on record, and
 * the step that it stands for, without it.
 */
export type RefusalDetails = readonly [Problem | null, Exclude<DeliveryStep, { next: 'escalate' }>];

/** What an activity of the fast path leaves to an ordinary one. */
export interface Escalation {
  readonly next: 'escalate';
}

/** `left` = messages that go on in workflows of their own; `failed` = up to ten of those that have failed for good. */
export interface PageOutcome {
  readonly done: number;
  readonly left: number;
  readonly failed?: readonly { readonly jobId: string; readonly code: string }[];
}

type Attempt = (input: JobReference & { readonly isFastPath: boolean }) => Promise<DeliveryStep>;

export interface DeliveryActivities {
  /**
   * One attempt at a message: claim, render, send, record. `isFastPath` = it runs as a local activity, uploads what is to be
   * uploaded, and returns what it came to. An ordinary one fails by a refusal: with a delay where it is tried again, which Temporal waits for, else for good.
   */
  sendToKernel: Attempt;
  /** Whether the message can be rendered, which is recorded where it cannot; and which of the other two is next. */
  renderMessage: Attempt;
  /** `sendToKernel` for the file that the next part shows: once the provider has it, that part is to be sent. */
  uploadMedia: Attempt;
  /** The first attempt at each message of a page; a worker that serves no sends leaves it to one that does. */
  sendToKernelInPage(input: PageReference): Promise<PageOutcome | Escalation>;
  /** `sendToKernel` as runs of before know it: it never fails by a refusal, and the workflow waits. */
  attemptDelivery: Attempt;
  /** `sendToKernelInPage` by its name of before. */
  attemptPage(input: PageReference): Promise<PageOutcome>;
}

export interface InboundActivities {
  /** One attempt to relay a user's message to the bot: claim, post, record with the replies. Fails as `sendToKernel` does. */
  relayToBot: Attempt;
  /** The same as runs of before know it. */
  attemptRelay: Attempt;
}

/** `waitMs` = recipients are left who wait; look at them again so long from now. Absent = the page is done. */
export interface PageResult {
  readonly done: number;
  readonly isCancelled: boolean;
  readonly waitMs?: number;
}

/** A range of a batch's recipients, by their ordinals. */
export interface RecipientRange extends JobReference {
  readonly fromOrdinal: number;
  readonly size: number;
}

/** `hasErrors` = recipients, merchants or the batch itself have failed so far, and the integrator is to hear of it. */
export interface NotifiedPage extends PageResult {
  readonly hasErrors: boolean;
}

/**
 * `pageSize` = how many recipients one activity takes well. `isShort` = the only page is a transaction, and needs nobody
 * outside. `escalate`: the fast path is not for a batch of more than a page; go on as an ordinary activity.
 */
export type ResolvedBatch =
  | {
      readonly next: 'pages' | 'close' | 'ended';
      readonly recipients: number;
      readonly pageSize: number;
      readonly isPush: boolean;
      readonly isShort: boolean;
      readonly hasErrors: boolean;
    }
  | Escalation;

export interface NotificationActivities {
  /**
   * Turns the request into receiver and recipient rows, once, and looks the users of a small batch up. `isFastPath` = it runs
   * as a local activity.
   */
  resolveUsers(input: JobReference & { readonly isFastPath: boolean }): Promise<ResolvedBatch>;
  /** Saves the notification for one page of recipients. */
  saveNotifications(input: RecipientRange): Promise<NotifiedPage>;
  /** Pushes the notification to one page of recipients. */
  pushNotifications(input: RecipientRange): Promise<NotifiedPage>;
  /** Makes the error callbacks of the batch, once, and sends those that are due. `nextDueMs` null = none is left to send. */
  notifyIntegrator(input: JobReference): Promise<{ readonly pending: number; readonly nextDueMs: number | null }>;
  /** The first half of `resolveUsers`, by the name of before. */
  openBatch(input: JobReference): Promise<{ readonly recipients: number; readonly next: 'pages' | 'close' | 'ended' }>;
  /** `saveNotifications` or `pushNotifications`, by the name of before. */
  processPage(input: RecipientRange): Promise<PageResult>;
  /** The first half of `notifyIntegrator`, by the name of before; returns how many callbacks there are. */
  prepareErrorCallbacks(input: JobReference): Promise<{ readonly callbacks: number }>;
  /** Its second half. */
  sendErrorCallbacks(input: JobReference): Promise<{ readonly pending: number; readonly nextDueMs: number | null }>;
  /** Sends an error callback once more, where that was asked for; `state` is what became of it. */
  sendReplay(input: DeliveryReference): Promise<{ readonly state: string }>;
  /** Writes the batch's final state. */
  closeBatch(input: JobReference): Promise<{
    readonly state: string;
    readonly errorCode: string | null;
    readonly delivered: number;
    readonly failed: number;
    /** The problem to fail the workflow with; null = it completes. */
    readonly failure: { readonly code: string; readonly title: string; readonly problem: unknown } | null;
  }>;
}

export interface RelayActivities {
  /** Sends an endpoint what is due for it until nothing is. `hasMore` = the run is over and the work may not be. */
  relayDeliveries(input: EndpointReference): Promise<{ readonly delivered: number; readonly hasMore: boolean }>;
  /** The same for a channel's KPI sink, by the name of before; `nextDueMs` null = the run is over. */
  relayKpiEvents(input: ChannelReference): Promise<{ readonly delivered: number; readonly nextDueMs: number | null }>;
  /** The same for a webhook endpoint, by the name of before. */
  relayWebhookEvents(input: WebhookReference): Promise<{ readonly delivered: number; readonly hasMore: boolean }>;
}

/** How far an erasure came. `wait`: what is left is on the wire, `inFlight` jobs of it. */
export interface ErasurePass {
  readonly next: 'end' | 'more' | 'wait';
  readonly erasedJobs: number;
  readonly inFlight: number;
}

/** `hasMore` = the run is over and the work may not be. */
export interface PurgePass {
  readonly purged: PurgedCounts;
  readonly hasMore: boolean;
}

/** What keeps the tables bounded and the promises about them. */
export interface UpkeepActivities {
  /** Deletes what is older than its retention, in small transactions, for a few seconds. */
  purgeExpired(): Promise<PurgePass>;
  /** Erases what is kept of one number, in small transactions, for a few seconds. */
  eraseRecipient(input: ErasureReference): Promise<ErasurePass>;
}
