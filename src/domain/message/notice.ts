import type { WhatsappSettings } from '../channel.ts';
import type { Job, JobChange } from '../job.ts';
import { chooseLanguage } from '../language.ts';
import { acceptMessage } from './new-message.ts';

/** What users read when the channel has no words of its own. */
const defaultNotices: Readonly<Record<string, string>> = {
  en: 'Sorry, we could not deliver our last message to you. Please try again later.',
  es: 'Lo sentimos, no hemos podido entregarte nuestro último mensaje. Inténtalo de nuevo más tarde.',
  pt: 'Lamentamos, não conseguimos entregar a nossa última mensagem. Tente novamente mais tarde.',
  de: 'Leider konnten wir unsere letzte Nachricht nicht zustellen. Bitte versuchen Sie es später noch einmal.',
  fr: 'Désolé, notre dernier message n’a pas pu vous être remis. Veuillez réessayer plus tard.',
};

const noticeTimeToLiveMs = 60 * 60 * 1000;

/**
 * The message that tells the end user about a failure: a job of its own, in the language of the failed activity's
 * `locale` (then its base, then English, then the first there is). It belongs to the failed message's group, but not to
 * its conversation: it must not wait behind what failed. Null = there is nobody to tell.
 */
export function writeNotice(input: {
  readonly job: Job;
  readonly channel: { readonly id: string; readonly state: string; readonly settings: WhatsappSettings };
  readonly id: string;
  readonly now: Date;
}): { readonly job: Job; readonly change: JobChange } | null {
  const { job, channel, now } = input;
  if (job.to === null) return null;
  const own = channel.settings.userNotices;
  const texts = Object.keys(own).length > 0 ? own : defaultNotices;
  const language = chooseLanguage({ wanted: localeOf(job.request), fallback: 'en', available: Object.keys(texts) });
  const text = language === null ? undefined : texts[language];
  if (text === undefined) return null;
  return acceptMessage(
    {
      id: input.id,
      tenantId: job.tenantId,
      channelId: channel.id,
      isChannelPaused: channel.state === 'paused',
      isOrdered: false,
      isTurnTaken: false,
      to: job.to,
      conversationId: null,
      groupId: job.groupId,
      externalId: null,
      sendAt: null,
      expiresAt: new Date(now.getTime() + noticeTimeToLiveMs),
      metadata: {},
      request: {
        activity: { type: 'message', text, ...(language === null ? {} : { locale: language }) },
        ...(isToGroup(job.request) && { recipientType: 'group' as const }),
      },
      origin: 'user_notice',
      causedBy: job.id,
      requestId: job.requestId,
    },
    now,
  );
}

function localeOf(request: unknown): string | null {
  if (typeof request !== 'object' || request === null || !('activity' in request)) return null;
  const { activity } = request;
  if (typeof activity !== 'object' || activity === null || !('locale' in activity)) return null;
  return typeof activity.locale === 'string' ? activity.locale : null;
}

function isToGroup(request: unknown): boolean {
  return (
    typeof request === 'object' && request !== null && 'recipientType' in request && request.recipientType === 'group'
  );
}
