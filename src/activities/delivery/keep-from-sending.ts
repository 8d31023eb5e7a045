import type { Job } from '../../domain/job.ts';
import { isId } from '../../domain/ids.ts';
import {
  holdForWindow,
  isFreeForm,
  judgeWindow,
  type KeptWindow,
  type WindowVerdict,
} from '../../domain/message/conversation-window.ts';
import { refusedBeforeSend, windowClosedFailure } from '../../domain/message/ending-failures.ts';
import type { MessageRequest } from '../../domain/message/request.ts';
import { holdForTemplate, judgeTemplate, type KnownTemplate, listTemplates } from '../../domain/message/template.ts';
import { withdrawTemplate } from '../../domain/message/window-template.ts';
import { holdForTurn } from '../../domain/message/turn.ts';
import {
  answersPerson,
  categoryOf,
  findBindingOptOut,
  type OptOutCategory,
  optedOutFailure,
} from '../../domain/opt-out.ts';
import type { Failure } from '../../domain/failure.ts';
import type { JsonObject } from '../../domain/rendering/payload.ts';
import { keepChannel, type WhatsappChannel } from '../../store/channels.ts';
import { alone } from '../../store/group-commit.ts';
import type { WriteJobChange } from '../../store/job-changes.ts';
import { findJob } from '../../store/jobs.ts';
import type { MessageFailures } from '../../store/message-failures.ts';
import type { OutsideWindow } from '../../store/outside-window.ts';
import { keepClosed, windowKeyOf } from '../../store/reply-windows.ts';
import { findTemplates, keepTemplate } from '../../store/templates.ts';
import type { Tx } from '../../store/transactions.ts';

/** A message whose turn has come, with what is known of its person. */
interface Judged {
  readonly job: Job;
  readonly channel: WhatsappChannel;
  readonly optedOut: readonly OptOutCategory[];
  readonly window: KeptWindow | null;
  readonly isShared: boolean;
  readonly now: Date;
}

/**
 * Ends or holds a message that must not be sent now, although its turn has come: its person has opted out, its template is
 * stopped, or the window is closed. Null = it may go.
 */
export type KeepFromSending = (
  tx: Tx,
  judged: Judged,
  parts: readonly JsonObject[],
) => Promise<Job | typeof alone | null>;

export function createKeepFromSending(dependencies: {
  readonly writeJobChange: WriteJobChange;
  readonly failures: Pick<MessageFailures, 'refuse'>;
  readonly outside: Pick<OutsideWindow, 'askToWrite'>;
}): KeepFromSending {
  const { writeJobChange, failures, outside } = dependencies;

  return async (tx, judged, parts) => {
    const { job, channel, window, isShared, now } = judged;
    const { wabaId, numRetries } = channel.settings;
    const withdrawal = withdrawTemplate({ job, window, now, numRetries });
    if (withdrawal !== null) return isShared ? alone : writeJobChange(tx, { job, change: withdrawal, now });
    const named = wabaId === null ? [] : listTemplates(parts);
    const templates = wabaId === null || named.length === 0 ? [] : await findTemplates(tx, wabaId, named);
    const stopped = templates.find(({ status }) => judgeTemplate(status) !== 'go') ?? null;
    const forbidden =
      (await findForbidden(tx, judged, templates)) ??
      (stopped !== null && judgeTemplate(stopped.status) === 'refuse' ? templateUnavailable(stopped) : null);
    const verdict = judgeWindow({
      policy: channel.settings.window.outside,
      window,
      isFreeForm: parts.some(isFreeForm),
      isUserNotice: job.origin === 'user_notice',
      now,
    });
    if (forbidden === null && stopped === null && verdict === 'go') return null;
    // It may end what waits for it, or gives its turn to the next one.
    if (isShared) return alone;
    if (forbidden !== null) return refuse(tx, judged, forbidden);
    if (stopped !== null && wabaId !== null) {
      const isKept = (await keepChannel(tx, channel)) && (await keepTemplate(tx, wabaId, stopped));
      return hold(tx, judged, isKept ? holdForTemplate(job, stopped) : null);
    }
    return verdict === 'go' ? null : keepOutside(tx, judged, verdict);
  };

  /** Whom the message is to does not want it; null = nothing forbids it. */
  async function findForbidden(
    tx: Tx,
    { job, optedOut }: Judged,
    templates: readonly KnownTemplate[],
  ): Promise<Failure | null> {
    const isMarketing = templates.some(({ category: registered }) => registered === 'MARKETING');
    // `request` was parsed at the door and stored by us.
    const category = isMarketing ? 'marketing' : categoryOf(job.request as MessageRequest);
    const unlessAnswer = findBindingOptOut(optedOut, { category, isAnswer: false });
    if (unlessAnswer === null) return null;
    const inbound = job.groupId === null || !isId('inbound', job.groupId) ? null : await findJob(tx, job.groupId);
    const binding = findBindingOptOut(optedOut, { category, isAnswer: answersPerson(job, inbound) });
    return binding === null ? null : optedOutFailure(binding);
  }

  /** The window is closed: the message waits for the person to write, or ends. */
  async function keepOutside(tx: Tx, judged: Judged, verdict: Exclude<WindowVerdict, 'go'>): Promise<Job> {
    const { job, channel, window } = judged;
    if (verdict === 'refuse' || window === null) return refuse(tx, judged, windowClosedFailure);
    const isKept =
      (await keepChannel(tx, channel)) &&
      (verdict === 'hold'
        ? await keepClosed(tx, windowKeyOf(job), window)
        : await outside.askToWrite(tx, { ...judged, window }));
    return hold(tx, judged, isKept ? holdForWindow(job) : null);
  }

  /** Null = what it waits for may be coming at this moment: it keeps its place, and looks again. */
  function hold(tx: Tx, { job, now }: Judged, change: ReturnType<typeof holdForWindow> | null): Promise<Job> {
    return writeJobChange(tx, { job, change: change ?? holdForTurn(job, 'unsure', now), now });
  }

  async function refuse(tx: Tx, { job, channel, now }: Judged, failure: Failure): Promise<Job> {
    return (await failures.refuse(tx, { job, channel, failure, now })).job;
  }
}

function templateUnavailable({ name, language, status, reason }: KnownTemplate): Failure {
  const why = reason === null ? '' : `: ${reason}`;
  const detail = `The template "${name}" (${language}) is ${status ?? 'unknown'}${why}.`;
  return refusedBeforeSend('template_unavailable', detail);
}
