import { defaultTimeToLiveMs, startGraceMs } from '../acceptance.ts';
import { endingAt, type Job, type JobChange, type JobOrigin, noChange, type WaitingFor } from '../job.ts';
import { newJob } from '../new-job.ts';
import type { MessageRequest } from './request.ts';
import { skippedTypeOf, tellSkipped } from './skip.ts';
import { waitsForTurn } from './turn.ts';

export interface NewMessage {
  readonly id: string;
  readonly tenantId: string;
  readonly channelId: string;
  readonly isChannelPaused: boolean;
  /** It takes its turn in its conversation. */
  readonly isOrdered: boolean;
  /** An earlier message of the conversation is not out yet. */
  readonly isTurnTaken: boolean;
  readonly to: string;
  readonly conversationId: string | null;
  readonly groupId: string | null;
  readonly externalId: string | null;
  /** Left out = it belongs to no campaign. */
  readonly label?: string | null;
  readonly sendAt: Date | null;
  readonly expiresAt: Date | null;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly request: MessageRequest;
  readonly origin: JobOrigin;
  readonly causedBy: string | null;
  readonly requestId: string | null;
}

interface Acceptance {
  readonly job: Job;
  readonly change: JobChange;
}

/**
 * The record of a message at the moment of acceptance, and what is told about it. A past `sendAt` means now. Only what is
 * `queued` is started: what waits for its turn or its channel is not. An activity that is no message ends here, skipped,
 * whatever its channel or its `sendAt`.
 */
export function acceptMessage(message: NewMessage, now: Date): Acceptance {
  const skippedType = skippedTypeOf(message.request);
  if (skippedType !== null) return skipMessage(message, skippedType, now);
  const isScheduled = message.sendAt !== null && message.sendAt.getTime() > now.getTime();
  const waitingFor = isScheduled ? waitsForSchedule(message.sendAt) : waitsAtFirst(message);
  const isHeld = !isScheduled && waitingFor !== null;
  const state = isScheduled ? 'scheduled' : isHeld ? 'held' : 'queued';
  const expiresAt = message.expiresAt ?? new Date(startOf(message, now) + defaultTimeToLiveMs);
  const job = newJob(
    {
      ...membersOf(message),
      state,
      waitingFor,
      expiresAt,
      // Held: no sweep until its turn comes or its channel resumes, or until the time-to-live ends it.
      wakeAt: isScheduled ? message.sendAt : isHeld ? expiresAt : new Date(now.getTime() + startGraceMs),
    },
    now,
  );
  return {
    job,
    change: {
      set: {},
      timeline: [{ type: `message.${state}`, title: acceptanceTitle(waitingFor) }],
      events: isScheduled ? ['message.scheduled'] : isHeld ? ['message.held'] : [],
      kpi: [],
      problems: [],
    },
  };
}

function skipMessage(message: NewMessage, activityType: string, now: Date): Acceptance {
  const expiresAt = message.expiresAt ?? new Date(startOf(message, now) + defaultTimeToLiveMs);
  const ended = { ...membersOf(message), ...endingAt(now), state: 'skipped' as const, isOrdered: false, expiresAt };
  return { job: newJob(ended, now), change: { ...noChange, timeline: [tellSkipped(activityType)] } };
}

function membersOf({ isChannelPaused: _paused, isTurnTaken: _taken, ...given }: NewMessage) {
  return { ...given, kind: 'message' as const };
}

function waitsForSchedule(sendAt: Date | null): WaitingFor {
  return { reason: 'schedule', until: sendAt, detail: 'waits for its sendAt' };
}

/** The turn first: who stands behind another need not be looked at when the channel resumes. */
function waitsAtFirst(message: NewMessage): WaitingFor | null {
  if (message.isTurnTaken) return waitsForTurn;
  return message.isChannelPaused ? { reason: 'channel_paused', until: null, detail: 'the channel is paused' } : null;
}

function startOf(message: NewMessage, now: Date): number {
  return Math.max(message.sendAt?.getTime() ?? 0, now.getTime());
}

function acceptanceTitle(waitingFor: WaitingFor | null): string {
  if (waitingFor?.reason === 'schedule') return 'Accepted, to be sent later';
  if (waitingFor?.reason === 'turn') return 'Accepted, waits for its turn in the conversation';
  return waitingFor === null ? 'Accepted' : 'Accepted, held while its channel is paused';
}
