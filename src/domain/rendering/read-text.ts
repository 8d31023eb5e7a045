import { convertMarkdown } from './markdown.ts';
import { type JsonObject, memberOf, textOf } from './payload.ts';
import type { ReportCulprit } from './rendering-failure.ts';

/** An activity's `text` as WhatsApp shows it; empty where there is none. `textFormat` is `plain` when absent. */
export function readText(activity: JsonObject, report: ReportCulprit): string {
  const text = memberOf(activity, 'text');
  if (text === undefined || text === null) return '';
  if (typeof text !== 'string') {
    report('/text', 'The text must be a string.');
    return '';
  }
  if (text.trim() === '') return '';
  const format = memberOf(activity, 'textFormat') ?? 'plain';
  if (format !== 'plain' && format !== 'markdown') {
    report('/textFormat', 'The textFormat must be plain or markdown; WhatsApp cannot show any other.');
  }
  return convertText(activity, text);
}

/** Any longer text of an activity, such as a card's, in the activity's own format. */
export function convertText(activity: JsonObject, text: string): string {
  return textOf(activity, 'textFormat') === 'markdown' ? convertMarkdown(text) : text;
}
