import type { KernelSend } from '../../demo/stand-ins/kernel-sends.ts';
import { startKernel } from '../../demo/stand-ins/kernel.ts';
import { type Activities, createActivities } from '../../src/activities/index.ts';
import type { DeliveryStep } from '../../src/contracts/activities.ts';
import type { WhatsappSettings } from '../../src/domain/channel.ts';
import type { Job } from '../../src/domain/job.ts';
import type { Stores } from '../../src/store/index.ts';
import { findJob } from '../../src/store/jobs.ts';
import { isTransientFault } from '../../src/store/database-faults.ts';
import type { GuardedHttp } from '../../src/upstreams/guarded-http/guarded-http.ts';
import { createAcceptMessage, type MessageToAccept } from '../../src/usecases/accept-message.ts';
import { createApplyStatuses } from '../../src/usecases/apply-statuses.ts';
import { createControlJob } from '../../src/usecases/control-job.ts';
import { someWhatsappSettings, whatsappSecrets } from './a-channel.ts';
import { createDyingStores } from './dying-stores.ts';
import { createKeptFaults } from './fault-log.ts';
import { type Told, toStatus } from './told-status.ts';
import { runInActivity, runOfTests } from './in-activity.ts';
import { openWorkerFixture, publicUrl } from './worker-fixture.ts';

/** How often `deliver` looks again before it says that a message never comes to rest. */
const maxSteps = 50;

export type DeliveryFixture = Awaited<ReturnType<typeof openDeliveryFixture>>;

interface WorkerParts {
  readonly http?: GuardedHttp;
  readonly stores?: Stores;
  readonly log?: Parameters<typeof createActivities>[0]['log'];
}

/** A worker's delivery without Temporal: the activities over a real database and a Kernel that listens on loopback. */
export async function openDeliveryFixture() {
  const worker = await openWorkerFixture();
  const { stores, http, keyRing, createId, dispatch, tenantId, clock, nowMs, skip, rows, withTenant } = worker;
  const kernel = await startKernel({ callbacks: [] });
  const admissionControl = { enterLater: async () => undefined };
  const accept = createAcceptMessage({ admissionControl, ...stores, clock });
  const applyStatuses = createApplyStatuses({ ...stores, clock });
  let isPaused = (_jobId: string): Promise<boolean> => Promise.resolve(false);
  const control = createControlJob({ ...stores, isPaused: (jobId) => isPaused(jobId), clock });
  let phoneCount = 0;

  const dropped: number[] = [];
  const kept = createKeptFaults(isTransientFault, nowMs);
  const upkeep = { retentionDays: 30, onStatusesDropped: (count: number) => void dropped.push(count) };
  /** The activities of one worker; parts of it may be replaced to make it fail. */
  function makeActivities(parts: WorkerParts = {}): Activities {
    const log = { info: () => undefined, warn: () => undefined };
    const { faultLog } = kept;
    return createActivities({ stores, http, log, ...parts, faultLog, keyRing, dispatch, publicUrl, clock, ...upkeep });
  }
  /** Attempts as the activity of one worker does, inside an activity's context. */
  function createWorker(parts: WorkerParts = {}, run = runOfTests) {
    const activities = makeActivities(parts);
    return (jobId: string, isFastPath = false): Promise<DeliveryStep> =>
      runInActivity(() => activities.attemptDelivery({ tenantId, jobId, isFastPath }), run);
  }
  const attempt = createWorker();

  async function find(jobId: string): Promise<Job> {
    const job = await withTenant((tx) => findJob(tx, jobId));
    if (job === null) throw new Error(`there is no job ${jobId}`);
    return job;
  }

  return {
    ...worker,
    kernel,
    control,
    /** Who says whether an activity is paused. */
    askPaused(ask: typeof isPaused): void {
      isPaused = ask;
    },
    applyStatuses,
    createWorker,
    createDyingStores: () => createDyingStores(stores),
    makeActivities,
    /** Statuses that purges have dropped. */
    dropped,
    /** Faults that were reported, oldest first. */
    faults: kept.reports,
    faultLog: kept.faultLog,
    attempt,
    find,
    /** A channel of its own, with its own number at the stand-in; `isOfClient` = its access tokens come from there. */
    async addChannel(settings: Partial<WhatsappSettings> = {}, isOfClient = false): Promise<string> {
      const channelId = createId('channel');
      const phoneNumberId = String(1_001 + (phoneCount += 1));
      const { appSecret, accessToken, ...secrets } = whatsappSecrets;
      const client = { clientId: `client-${phoneNumberId}`, clientSecret: 'a-client-secret' };
      kernel.setChannel({ phoneNumberId, appSecret, ...(isOfClient && { client }) });
      const tokenUrl = `${kernel.url}/oauth2/token`;
      const auth = { kind: 'oauth2_client_credentials' as const, tokenUrl, ...client };
      const channel = {
        id: channelId,
        tenantId,
        kind: 'whatsapp' as const,
        name: 'A channel',
        settings: someWhatsappSettings({ phoneNumberId, apiBaseUrl: `${kernel.url}/v23.0`, ...settings }),
        secrets: { ...secrets, appSecret, ...(isOfClient ? { auth } : { accessToken }) },
        createdAt: clock(),
      };
      await withTenant((tx) => stores.channels.insert(tx, channel));
      return channelId;
    },
    async accept(channelId: string, members: Partial<MessageToAccept> = {}): Promise<Job> {
      const message: MessageToAccept = {
        channelId,
        to: '+34600111222',
        conversationId: null,
        groupId: null,
        externalId: null,
        sendAt: null,
        expiresAt: null,
        metadata: {},
        request: { activity: { type: 'message', text: 'Hola', locale: 'es' } },
        origin: 'api',
        requestId: 'req_1',
        ...members,
      };
      return withTenant((tx) => accept(tx, message));
    },
    /** Attempts until nothing is left to do, as the workflow does, but skips its waits. Returns the record. */
    async deliver(jobId: string, work: ReturnType<typeof createWorker> = attempt): Promise<Job> {
      for (let count = 0; count < maxSteps; count += 1) {
        const step = await work(jobId);
        if (step.next === 'end') {
          const job = await find(jobId);
          // What waits for room is due by itself, and the sweep starts it.
          if (job.waitingFor?.reason !== 'rate_limit' || job.wakeAt === null) return job;
          skip(Math.max(0, job.wakeAt.getTime() - nowMs()));
        }
        if (step.next === 'wait') skip(step.waitMs);
      }
      throw new Error(`${jobId} did not come to rest within ${maxSteps} steps`);
    },
    async tell(channelId: string, ...items: readonly Told[]) {
      return applyStatuses(tenantId, channelId, items.map(toStatus));
    },
    /** The notices to the user about a failed message. */
    async noticesOf(jobId: string): Promise<string[]> {
      const text = "select id from job where origin = 'user_notice' and caused_by = $1";
      return (await rows<{ id: string }>(text, [jobId])).map(({ id }) => id);
    },
    sendsOf: (jobId: string): readonly KernelSend[] => kernel.sends.list().filter((send) => send.jobId === jobId),
    attemptsOf: (jobId: string) =>
      rows<{ number: number; part: number; outcome: string | null; http_status: number | null; code: string | null }>(
        `select number, part, outcome, http_status, problem ->> 'code' as code from attempt
          where job_id = $1 order by number`,
        [jobId],
      ),
    async timelineOf(jobId: string): Promise<string[]> {
      const entries = await rows<{ type: string }>('select type from timeline_entry where job_id = $1 order by id', [
        jobId,
      ]);
      return entries.map(({ type }) => type);
    },
    async kpiOf(jobId: string): Promise<Record<string, unknown>[]> {
      const events = await rows<{ value: Record<string, unknown> }>(
        "select body::json as value from delivery where job_id = $1 and kind = 'kpi' order by position",
        [jobId],
      );
      return events.map(({ value }) => value);
    },
    async close(): Promise<void> {
      await kernel.stop();
      await worker.close();
    },
  };
}
