import { chooseLanguage } from '../language.ts';
import { keepTexts } from './mapping.ts';
import type { TextByLanguage } from './request.ts';

/** What one reader gets. `language` is that of the title; a text that exists in no language at all is empty. */
export interface LocalizedText {
  readonly title: string;
  readonly message: string;
  readonly language: string | null;
}

/**
 * Picks title and message for a reader, each by itself: the wanted language, its base, the fallback, else the map's first.
 * `wanted` null = nobody said.
 */
export function localize(
  content: { readonly titleI18n: TextByLanguage; readonly messageI18n: TextByLanguage },
  wanted: string | null,
  fallback: string,
): LocalizedText {
  const title = pick(content.titleI18n, wanted, fallback);
  const message = pick(content.messageI18n, wanted, fallback);
  return { title: title.text, message: message.text, language: title.language ?? message.language };
}

function pick(texts: TextByLanguage, wanted: string | null, fallback: string) {
  const usable = keepTexts(texts);
  const language = chooseLanguage({ wanted, fallback, available: Object.keys(usable) });
  return { language, text: language === null ? '' : (usable[language] ?? '') };
}
