import type { ProblemPart } from '../problems/problem.ts';
import { convertMarkdown } from './markdown.ts';
import { addressTo, type JsonObject, memberOf } from './payload.ts';
import { splitText } from './split-text.ts';

/** Meta, text messages: the body's limit. */
const maxTextChars = 4_096;

export type TextParts =
  | { readonly ok: true; readonly parts: readonly JsonObject[] }
  | { readonly ok: false; readonly errors: readonly ProblemPart[] };

/** An activity's `text` as text messages, several when it is long. `textFormat` is `plain` when absent. */
export function renderText(activity: JsonObject, to: string): TextParts {
  const text = memberOf(activity, 'text');
  if (typeof text !== 'string' || text.trim() === '') {
    return refused('/text', 'The activity has no text to send.');
  }
  const format = memberOf(activity, 'textFormat') ?? 'plain';
  if (format !== 'plain' && format !== 'markdown') {
    return refused('/textFormat', 'The textFormat must be plain or markdown; WhatsApp cannot show any other.');
  }
  const body = format === 'markdown' ? convertMarkdown(text) : text;
  const parts = splitText(body, maxTextChars)
    // The provider refuses a body of blanks only, which a very long run of blanks would leave.
    .filter((part) => part.trim() !== '')
    .map((part) => ({ ...addressTo(to), type: 'text', text: { body: part } }));
  return { ok: true, parts };
}

function refused(pointer: string, detail: string): TextParts {
  return { ok: false, errors: [{ detail, pointer }] };
}
