import { type Job, type JobChange, noChange } from '../job.ts';
import { claimValidMs } from './claim.ts';

/** Meta: free-form messages may be sent for so long after a person's last word. */
const windowMs = 24 * 60 * 60 * 1000;

/** What becomes of a free-form message while the window is known to be closed. */
export const outsidePolicies = ['send', 'hold', 'template', 'fail'] as const;
export type OutsidePolicy = (typeof outsidePolicies)[number];

/** What goes out once, where a message waits for the person; Cloud API, a `template` object. */
export interface WindowTemplate {
  readonly name: string;
  readonly language: { readonly code: string };
  readonly components?: unknown[] | undefined;
}

/** A channel's say; `template` is there where it is needed. */
export interface WindowSettings {
  readonly outside: OutsidePolicy;
  readonly template?: WindowTemplate | undefined;
}

/** What is kept of a person on a channel. */
export interface KeptWindow {
  /** When the person wrote, by WhatsApp's clock or ours, whichever is earlier; null = never yet. */
  readonly heardAt: Date | null;
  /** When that came; tells one word from the next. */
  readonly notedAt: Date | null;
  /** When Kernel said that it is closed; null = it did not, or the person has written since. */
  readonly closedAt: Date | null;
  /** The window's template that was sent since the last word. */
  readonly templateId: string | null;
}

/** `unknown` = the person has never written here, as far as is kept. */
export interface ConversationWindow {
  readonly state: 'open' | 'closed' | 'unknown';
  readonly closesAt: Date | null;
}

/** What is known of the window. */
export function windowAt(kept: KeptWindow | null, now: Date): ConversationWindow {
  const { heardAt = null, closedAt = null } = kept ?? {};
  if (closedAt !== null) return { state: 'closed', closesAt: closedAt };
  if (heardAt === null) return { state: 'unknown', closesAt: null };
  const closesAt = new Date(heardAt.getTime() + windowMs);
  return { state: closesAt > now ? 'open' : 'closed', closesAt };
}

/** `hold_with_template`: and the window's template goes out, for none has since the person's last word. */
export type WindowVerdict = 'go' | 'hold' | 'hold_with_template' | 'refuse';

/**
 * Whether a message may go, as far as the window is concerned. A call is written up to `claimValidMs` after it was decided on,
 * so the window counts as closed for as long before its end. What tells a person of a failure is not held: it would be late.
 */
export function judgeWindow(input: {
  readonly policy: OutsidePolicy;
  readonly window: KeptWindow | null;
  readonly isFreeForm: boolean;
  readonly isUserNotice: boolean;
  readonly now: Date;
}): WindowVerdict {
  const { policy, window, isFreeForm, isUserNotice, now } = input;
  if (policy === 'send' || !isFreeForm) return 'go';
  if (windowAt(window, new Date(now.getTime() + claimValidMs)).state !== 'closed') return 'go';
  if (policy === 'fail' || isUserNotice) return 'refuse';
  return policy === 'template' && (window?.templateId ?? null) === null ? 'hold_with_template' : 'hold';
}

/** Templates always may be sent; `part` is a Cloud API payload. */
export function isFreeForm(part: Readonly<Record<string, unknown>>): boolean {
  return part['type'] !== 'template';
}

export const waitsForWindow = {
  reason: 'window',
  until: null,
  detail: 'the person has not written for 24 hours',
} as const;

/** The person's next word lets it go; it gives up its turn until then. Its time-to-live bounds the wait. */
export function holdForWindow(job: Job): JobChange {
  const isKnown = job.state === 'held' && job.waitingFor?.reason === 'window';
  return {
    ...noChange,
    set: {
      state: 'held',
      waitingFor: waitsForWindow,
      nextAttemptAt: null,
      rateSlotAt: null,
      awaitedBy: null,
      wakeAt: job.expiresAt,
    },
    timeline: isKnown ? [] : [{ type: 'message.held', title: `Held: ${waitsForWindow.detail}` }],
    events: isKnown ? [] : ['message.held'],
  };
}

const silentTypes: ReadonlySet<string> = new Set(['system', 'edit', 'revoke']);

/** Whether an inbound item is a word of the person's, which opens the window; what WhatsApp says of the person is none. */
export function opensWindow(item: Readonly<Record<string, unknown>>): boolean {
  return !silentTypes.has(String(item['type']));
}
