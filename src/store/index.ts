import type { CreateId } from '../domain/ids.ts';
import type { JobStart } from '../domain/job-start.ts';
import type { WorkflowLinks } from '../domain/job-view.ts';
import type { KeyRing } from '../domain/key-ring.ts';
import { createRecordAudit, type RecordAudit } from './audit.ts';
import { type ChannelSigns, createChannelSigns } from './channel-signs.ts';
import { type ChannelStore, createChannelStore } from './channels.ts';
import type { DatabaseClock } from './database-clock.ts';
import { createDescribeFailure, type DescribeFailure } from './describe-failure.ts';
import { createEventHighWaterMark, type EventHighWaterMark } from './event-high-water-mark.ts';
import { createGroupCancellation, type GroupCancellation } from './group-cancellation.ts';
import { createWriteJobChange, type WriteJobChange } from './job-changes.ts';
import { type CancelJob, createCancelJob } from './job-cancellation.ts';
import { createLearnIdentity, type LearnIdentity } from './identities.ts';
import { createNoteIdentity, type NoteIdentity } from './note-identity.ts';
import { createMessageAcceptance, type MessageAcceptance } from './message-acceptance.ts';
import { createMessageFailures, type MessageFailures } from './message-failures.ts';
import { createMessageStatuses, type MessageStatuses } from './message-statuses.ts';
import { createInsertJob, type InsertJob } from './new-jobs.ts';
import { createOptOutStore, type OptOutStore } from './opt-outs.ts';
import { createOutsideWindow, type OutsideWindow } from './outside-window.ts';
import type { Pool } from './pool.ts';
import { createRecipientEraser, type RecipientEraser } from './recipient-eraser.ts';
import { createTransactions, type Transactions } from './transactions.ts';
import { createWebhookStore, type WebhookStore } from './webhooks.ts';

/** The stores that have dependencies of their own; the rest are functions over a transaction. */
export interface Stores {
  readonly transactions: Transactions;
  readonly channels: ChannelStore;
  readonly channelSigns: ChannelSigns;
  readonly writeJobChange: WriteJobChange;
  readonly insertJob: InsertJob;
  readonly acceptance: MessageAcceptance;
  readonly failures: MessageFailures;
  readonly groups: GroupCancellation;
  readonly describeFailure: DescribeFailure;
  readonly statuses: MessageStatuses;
  readonly highWaterMark: EventHighWaterMark;
  readonly webhooks: WebhookStore;
  readonly recordAudit: RecordAudit;
  readonly cancelJob: CancelJob;
  readonly eraser: RecipientEraser;
  readonly learnIdentity: LearnIdentity;
  readonly noteIdentity: NoteIdentity;
  readonly optOuts: OptOutStore;
  readonly outside: OutsideWindow;
  readonly createId: CreateId;
}

export function createStores(dependencies: {
  readonly pool: Pool;
  readonly databaseClock?: DatabaseClock;
  readonly keyRing: KeyRing;
  readonly createId: CreateId;
  readonly publicUrl: string;
  readonly links: WorkflowLinks;
  readonly random: () => number;
  readonly onStarts?: ((starts: readonly JobStart[]) => void) | undefined;
}): Stores {
  const { createId } = dependencies;
  const channels = createChannelStore(dependencies);
  const writeJobChange = createWriteJobChange(dependencies);
  const insertJob = createInsertJob(dependencies);
  const describeFailure = createDescribeFailure(dependencies);
  const groups = createGroupCancellation({ describeFailure, writeJobChange });
  const optOuts = createOptOutStore(dependencies);
  const outside = createOutsideWindow({ writeJobChange, insertJob, groups, createId });
  const failures = createMessageFailures({
    ...dependencies,
    channels,
    writeJobChange,
    insertJob,
    describeFailure,
    groups,
    optOuts,
    outside,
  });
  const statuses = createMessageStatuses({ writeJobChange, failures });
  const transactions = createTransactions(dependencies);
  const learnIdentity = createLearnIdentity({ createId });
  const cancelJob = createCancelJob({ channels, writeJobChange, outside });
  return {
    transactions,
    channels,
    channelSigns: createChannelSigns({ ...dependencies, transactions }),
    writeJobChange,
    insertJob,
    acceptance: createMessageAcceptance({ insertJob, createId }),
    failures,
    groups,
    describeFailure,
    statuses,
    highWaterMark: createEventHighWaterMark({ transactions }),
    webhooks: createWebhookStore(dependencies),
    recordAudit: createRecordAudit(dependencies),
    cancelJob,
    eraser: createRecipientEraser({ cancelJob, optOuts }),
    learnIdentity,
    noteIdentity: createNoteIdentity({ transactions, learnIdentity }),
    optOuts,
    outside,
    createId,
  };
}
