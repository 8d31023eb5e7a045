import type { Job } from '../../../domain/job.ts';
import type { Stores } from '../../../store/index.ts';
import type { Tx } from '../../../store/transactions.ts';
import type { PushClient } from '../../../upstreams/push/push-client.ts';
import type { WriteLog } from '../../delivery/attempt-log.ts';
import type { DescribeFailure } from '../describe-failure.ts';
import type { RecordFailures } from '../record-failures.ts';
import type { ResolveUsers } from '../resolve-users.ts';
import { createAuthorisePush } from './authorise-push.ts';
import { createChannelSlots } from './channel-slots.ts';
import { createEndPushPage } from './end-push-page.ts';
import { createProcessPushPage, type ProcessPushPage } from './process-push-page.ts';
import { createPushLog } from './push-log.ts';
import { createPushTurn } from './push-turn.ts';
import { createRecordAnswers } from './record-answers.ts';
import { createSendAll } from './send-all.ts';
import { createSendPush } from './send-push.ts';
import { createSettleFailures } from './settle-failures.ts';
import { createStopChannel } from './stop-channel.ts';

/** Builds the page of a push notification over the collaborators of one worker. */
export function createPushPage(
  dependencies: Pick<Stores, 'transactions' | 'writeJobChange' | 'createId' | 'channels'> & {
    readonly push: PushClient;
    readonly describeFailure: DescribeFailure;
    readonly recordFailures: RecordFailures;
    readonly resolveUsers: ResolveUsers;
    readonly expireBatch: (tx: Tx, job: Job, now: Date) => Promise<Job>;
    readonly random: () => number;
    readonly clock: () => Date;
    readonly heartbeat: () => void;
    readonly isStopping: () => boolean;
    readonly info: WriteLog;
  },
): ProcessPushPage {
  const base = { ...dependencies, stopChannel: createStopChannel(dependencies) };
  const sendAll = createSendAll({
    ...base,
    slots: createChannelSlots(),
    takeTurn: createPushTurn({ ...base, recordAnswers: createRecordAnswers(base), log: createPushLog(base) }),
    sendPush: createSendPush(base),
    nowMs: () => base.clock().getTime(),
  });
  return createProcessPushPage({
    ...base,
    sendAll,
    settleFailures: createSettleFailures(base),
    authorisePush: createAuthorisePush(base),
    endPushPage: createEndPushPage(base),
  });
}
