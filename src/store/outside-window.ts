import type { Failure } from '../domain/failure.ts';
import type { CreateId } from '../domain/ids.ts';
import type { Job } from '../domain/job.ts';
import { type KeptWindow, windowAt } from '../domain/message/conversation-window.ts';
import { refuseMessage } from '../domain/message/outcome.ts';
import { writeWindowTemplate } from '../domain/message/window-template.ts';
import { keepChannel, type WhatsappChannel } from './channels.ts';
import type { GroupCancellation } from './group-cancellation.ts';
import type { WriteJobChange } from './job-changes.ts';
import { releaseHeld } from './held-releases.ts';
import { findLocked } from './jobs.ts';
import type { InsertJob } from './new-jobs.ts';
import { forgetTemplate, lockHeldForWindow, noteClosed, takeTemplate, windowKeyOf } from './reply-windows.ts';
import type { Tx } from './transactions.ts';

/** Meta: more than 24 hours since the user wrote. */
const windowIsClosed = 'whatsapp_131047';
/** One template's failure ends so many at the most. */
const maxFailedTogether = 1_000;

const unsent: ReadonlySet<Job['state']> = new Set(['failed', 'expired', 'cancelled']);

interface HeldMessage {
  readonly job: Job;
  readonly channel: WhatsappChannel;
  readonly now: Date;
}

/** What becomes of messages while the window is closed. The caller holds the message's lock. */
export interface OutsideWindow {
  /** What 131047 means on a channel that holds such messages; null = it is something else, or not held. Each 131047 is remembered. */
  readRefusal(
    tx: Tx,
    input: HeldMessage & { readonly failure: Failure },
  ): Promise<{ readonly window: KeptWindow; readonly kind: 'closed' | 'reopened' } | null>;
  /**
   * Sends the template that asks the person to write, where the channel has one and none has gone out since their last word;
   * false = they may be writing at this moment.
   */
  askToWrite(tx: Tx, input: HeldMessage & { readonly window: KeptWindow }): Promise<boolean>;
  /**
   * To be called with a message that has ended; nothing where it is not the window's template, or has gone out. Where it failed
   * nobody will be asked to write: what waits for it fails with its problem. Where it has expired what waits is judged anew, and
   * asks again. Where it was cancelled the next message that has to wait asks.
   */
  endTemplate(
    tx: Tx,
    input: { readonly template: Job; readonly numRetries: number; readonly now: Date },
  ): Promise<void>;
}

export function createOutsideWindow(dependencies: {
  readonly writeJobChange: WriteJobChange;
  readonly insertJob: InsertJob;
  readonly groups: GroupCancellation;
  readonly createId: CreateId;
}): OutsideWindow {
  const { writeJobChange, insertJob, groups, createId } = dependencies;
  return {
    async readRefusal(tx, { job, channel, failure, now }) {
      if (failure.code !== windowIsClosed || job.terminal) return null;
      // The record was last written when the call began, or when it was accepted.
      const sent = { tenantId: job.tenantId, sentAt: job.updatedAt, now };
      const window = await noteClosed(tx, { ...windowKeyOf(job), ...sent });
      const { outside } = channel.settings.window;
      const isHeld = outside === 'hold' || outside === 'template';
      const isOurs = job.origin === 'user_notice' || job.origin === 'window_template';
      if (!isHeld || isOurs) return null;
      const isClosed = windowAt(window, now).state === 'closed' && (await keepChannel(tx, channel));
      return { window, kind: isClosed ? 'closed' : 'reopened' };
    },

    async askToWrite(tx, { job, channel, window, now }) {
      const id = createId('message');
      const isWanted = channel.settings.window.outside === 'template' && window.templateId === null;
      const written = isWanted ? writeWindowTemplate({ job, channel, id, now }) : null;
      if (written === null) return true;
      const taken = await takeTemplate(tx, windowKeyOf(job), window, id);
      if (taken === 'mine') await insertJob(tx, written);
      return taken !== 'unsure';
    },

    async endTemplate(tx, { template, numRetries, now }) {
      if (template.origin !== 'window_template' || !unsent.has(template.state)) return;
      // In the order in which a person's word takes them: the window, then what waits. Of one that the person has answered
      // meanwhile, or that was withdrawn, nothing waits.
      if (!(await forgetTemplate(tx, windowKeyOf(template), template.id))) return;
      const { channelId, to, error: problem } = template;
      if (template.state === 'expired' && channelId !== null)
        await releaseHeld(tx, { channelId, id: to, reason: 'window', now });
      if (template.state !== 'failed' || problem === null) return;
      for (const job of await lockHeldForWindow(tx, template, maxFailedTogether)) {
        // The failure of one may have cancelled the others of its group.
        if (findLocked(tx, job.id)?.state !== 'held') continue;
        await groups.cancelRest(tx, { cause: job, numRetries, now });
        const change = { ...refuseMessage(job, problem, now, numRetries), problems: [] };
        await writeJobChange(tx, { job, change, now });
      }
    },
  };
}
