import type { NotificationContent, TextByLanguage } from './request.ts';

/** Allowed values of `data.targetScreen` with the parameters that each needs; null or empty = any screen. */
export type TargetScreens = Readonly<Record<string, readonly string[]>> | null;

/**
 * Why the notification cannot become one that people read, as a sentence without its full stop; null = it can. The same for
 * all receivers: a text is needed for title and message, and a target screen that is named must be one of the tenant's, in a
 * centre with its parameters (what push lacks of them is an error of its data).
 */
export function findMappingFault(content: NotificationContent, targetScreens: TargetScreens): string | null {
  if (!hasText(content.titleI18n)) return 'titleI18n has no text in any language';
  if (!hasText(content.messageI18n)) return 'messageI18n has no text in any language';
  const fault = findScreenFault(content.data, targetScreens);
  return fault ?? (content.type === 'PUSH_NOTIFICATION' ? null : findMissingParameter(content.data, targetScreens));
}

function hasText(texts: TextByLanguage): boolean {
  return Object.values(texts).some((text) => text.trim() !== '');
}

function findScreenFault(data: Readonly<Record<string, unknown>>, targetScreens: TargetScreens): string | null {
  const screen = data['targetScreen'];
  if (screen === undefined || screen === null || screen === '') return null;
  if (typeof screen !== 'string') return 'data.targetScreen is no text';
  if (targetScreens === null || Object.keys(targetScreens).length === 0) return null;
  return Object.hasOwn(targetScreens, screen) ? null : 'data.targetScreen names an unknown screen';
}

/** The parameter of the named target screen that `data` lacks, as such a sentence; null = none is needed or missing. */
export function findMissingParameter(
  data: Readonly<Record<string, unknown>>,
  targetScreens: TargetScreens,
): string | null {
  const screen = data['targetScreen'];
  if (typeof screen !== 'string' || targetScreens === null || !Object.hasOwn(targetScreens, screen)) return null;
  const needed = targetScreens[screen] ?? [];
  const missing = needed.find((name) => !Object.hasOwn(data, name) || data[name] === null);
  return missing === undefined ? null : `data lacks ${missing}, which its target screen needs`;
}

/** The maps with the languages that have a text, so that no reader is given an empty one. */
export function keepTexts(texts: TextByLanguage): TextByLanguage {
  return Object.fromEntries(Object.entries(texts).filter(([, text]) => text.trim() !== ''));
}
