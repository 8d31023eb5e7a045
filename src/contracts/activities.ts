import type { PurgedCounts } from '../domain/retention.ts';
import type {
  ChannelReference,
  DeliveryReference,
  ErasureReference,
  JobReference,
  PageReference,
  WebhookReference,
} from './workflows.ts';

/**
 * What an attempt leaves for the workflow to do. `end`: nothing, the record says the rest. `wait`: look again at `waitMs`
 * from now. `escalate`: the fast path has no room for this destination, or takes too long; go on as an ordinary activity.
 */
export type DeliveryStep =
  | { readonly next: 'end'; readonly state: string; readonly errorCode: string | null; readonly attempts: number }
  | {
      readonly next: 'wait';
      readonly waitMs: number;
      readonly state: string;
      readonly errorCode: string | null;
      readonly summary: string;
      readonly attempts: number;
    }
  | { readonly next: 'escalate'; readonly reason: string };

/** `left` = messages that go on in workflows of their own. */
export interface PageOutcome {
  readonly done: number;
  readonly left: number;
}

export interface DeliveryActivities {
  /** One attempt at a message: claim, render, send, record. `isFastPath` = it runs as a local activity. */
  attemptDelivery(input: JobReference & { readonly isFastPath: boolean }): Promise<DeliveryStep>;
  /** The first attempt at each message of a page. */
  attemptPage(input: PageReference): Promise<PageOutcome>;
}

export interface InboundActivities {
  /** One attempt to relay a user's message to the bot: claim, post, record with the replies. */
  attemptRelay(input: JobReference & { readonly isFastPath: boolean }): Promise<DeliveryStep>;
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
  | { readonly next: 'escalate' };

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
  /** Posts a channel's due KPI events until none is due; `nextDueMs` null = the outbox is empty. */
  relayKpiEvents(input: ChannelReference): Promise<{ readonly delivered: number; readonly nextDueMs: number | null }>;
  /** Sends an endpoint its events until none is due. `hasMore` = the run is over and the work may not be. */
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
