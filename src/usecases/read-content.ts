import type { Caller } from '../domain/audit.ts';
import type { Job } from '../domain/job.ts';
import type { MessageRequest } from '../domain/message/request.ts';
import { apiProblem } from '../domain/problems/refusal.ts';
import { fillMediaId } from '../domain/rendering/rendered.ts';
import { hasAttempt, listSentParts } from '../store/attempts.ts';
import type { RecordAudit } from '../store/audit.ts';
import { readEnvelope } from '../store/batch-jobs.ts';
import type { ChannelStore } from '../store/channels.ts';
import { findJob } from '../store/jobs.ts';
import { listParts } from '../store/message-parts.ts';
import { findContent } from '../store/notification-content.ts';
import { renderFor } from '../store/rendered-messages.ts';
import type { Transactions, Tx } from '../store/transactions.ts';
import { findUploadedMedia } from '../store/uploaded-media.ts';

const epoch = new Date(0);

/** `handedOver` = what came, as it was parsed; of a notification without its receivers. */
export interface JobContent {
  readonly jobId: string;
  readonly kind: Job['kind'];
  readonly handedOver: unknown;
  /** What went out, in its order; of a message, made anew of what was handed over. */
  readonly sent: readonly {
    readonly part: number;
    /** Null = the provider has not taken it. */
    readonly providerMessageId: string | null;
    readonly body: unknown;
  }[];
}

export interface ReadContent {
  /** What a job is about, which leaves an entry in the audit. Refuses with `not_found`. */
  (by: Caller, jobId: string): Promise<JobContent>;
}

export function createReadContent(dependencies: {
  readonly transactions: Transactions;
  readonly channels: ChannelStore;
  readonly recordAudit: RecordAudit;
}): ReadContent {
  const { transactions, channels, recordAudit } = dependencies;

  return (by, jobId) =>
    transactions.withTenant(by.tenantId, async (tx) => {
      const job = await findJob(tx, jobId);
      if (job === null) throw apiProblem('not_found', `There is no job ${jobId}.`);
      await recordAudit(tx, by, { action: 'job.content_read', targetId: jobId, changed: [] });
      const { id, kind } = job;
      if (kind === 'inbound') return { jobId: id, kind, handedOver: job.request, sent: [] };
      if (kind === 'message') return { jobId: id, kind, handedOver: job.request, sent: await listSent(tx, job) };
      const body = await findContent(tx, jobId);
      // A state says nothing of it: a batch may end before it has begun.
      const isSent = body !== null && ((job.counts?.delivered ?? 0) > 0 || (await hasAttempt(tx, jobId)));
      const sent = isSent ? [{ part: 0, providerMessageId: null, body }] : [];
      return { jobId: id, kind, handedOver: await readEnvelope(tx, jobId), sent };
    });

  async function listSent(tx: Tx, job: Job): Promise<JobContent['sent']> {
    const parts = await listSentParts(tx, job.id);
    const channel = job.channelId === null ? null : await channels.findWhatsapp(tx, job.channelId);
    if (parts.length === 0 || channel === null) return [];
    // `request` was parsed at the door and stored by us.
    const rendered = await renderFor(tx, channel, { ...job, request: job.request as MessageRequest });
    if (rendered.kind !== 'parts') return [];
    const taken = new Map((await listParts(tx, job.id)).map((each) => [each.part, each.providerMessageId]));
    const sent: JobContent['sent'][number][] = [];
    for (const part of parts) {
      const payload = rendered.parts[part];
      if (payload === undefined) continue;
      const hasFile = rendered.files.some((file) => file.part === part);
      const mediaId = hasFile ? await findUploadedMedia(tx, { jobId: job.id, part, since: epoch }) : null;
      const body = {
        ...(mediaId === null ? payload : fillMediaId(payload, mediaId)),
        biz_opaque_callback_data: job.id,
      };
      sent.push({ part, providerMessageId: taken.get(part) ?? null, body });
    }
    return sent;
  }
}
