import { nameOfIdentity } from './identity/identity.ts';
import type { Failure } from './failure.ts';
import type { Job } from './job.ts';
import { refusedBeforeSend } from './message/ending-failures.ts';
import type { MessageRequest } from './message/request.ts';

export const optOutCategories = ['all', 'marketing'] as const;
export type OptOutCategory = (typeof optOutCategories)[number];

/** What told it: the API, a word of the channel's, WhatsApp's own switch, or the refusal of a send. */
export const optOutSources = ['api', 'word', 'user_preferences', 'whatsapp_131050'] as const;
export type OptOutSource = (typeof optOutSources)[number];

/** What a person does not want to get. */
export interface OptOut {
  readonly category: OptOutCategory;
  readonly since: Date;
  readonly source: OptOutSource;
}

/** Times RFC 3339 UTC with milliseconds. */
export function viewOptOut({ category, since, source }: OptOut) {
  return { category, since: since.toISOString(), source };
}

/**
 * The opt-out that forbids a send; null = none does. `all` binds what the business begins: never what answers a message of
 * the person's, nor what authenticates the person. `marketing` binds marketing alone.
 */
export function findBindingOptOut(
  optedOut: readonly OptOutCategory[],
  message: { readonly category: string | null; readonly isAnswer: boolean },
): OptOutCategory | null {
  const { category, isAnswer } = message;
  if (category === 'marketing' && optedOut.includes('marketing')) return 'marketing';
  return optedOut.includes('all') && !isAnswer && category !== 'authentication' ? 'all' : null;
}

/** What the caller has said that a message is; null = nothing. */
export function categoryOf({ category }: MessageRequest): string | null {
  return category ?? null;
}

/** Whether a message answers `inbound`: the person whom it goes to has written that. */
export function answersPerson(job: Job, inbound: Job | null): boolean {
  return inbound?.kind === 'inbound' && personOf(inbound) === personOf(job);
}

function personOf({ to, recipient }: Job): string {
  return recipient?.name ?? nameOfIdentity(to ?? '');
}

/** `recipient_opted_out`. */
export function optedOutFailure(category: OptOutCategory): Failure {
  const what = category === 'all' ? 'messages that answer none of theirs' : 'marketing messages';
  return refusedBeforeSend('recipient_opted_out', `The person does not want ${what}.`);
}

/** What a word asks for; null = it is none of the channel's. The whole text counts, whatever its case, accents and blanks around it. */
export function readOptOutWord(
  text: string,
  words: { readonly optOutWords: readonly string[]; readonly optInWords: readonly string[] },
): 'opt_out' | 'opt_in' | null {
  const said = fold(text);
  if (said === '') return null;
  if (words.optOutWords.some((word) => fold(word) === said)) return 'opt_out';
  return words.optInWords.some((word) => fold(word) === said) ? 'opt_in' : null;
}

const longestWordChars = 200;

function fold(text: string): string {
  if (text.length > longestWordChars) return '';
  return text.normalize('NFKD').replaceAll(/\p{M}/gu, '').trim().toLowerCase();
}
