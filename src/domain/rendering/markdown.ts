import { convertInlineMarks } from './inline-marks.ts';

const fence = '```';

/**
 * Markdown → WhatsApp's own marks, line by line: headings become bold, `*` and `+` bullets become `-`, quotes, numbers
 * and line breaks stay, a fenced block stays verbatim without its language. WhatsApp has no tables, rules or images.
 */
export function convertMarkdown(markdown: string): string {
  let isInFence = false;
  const lines = markdown.split(/\r\n|\r|\n/).map((line) => {
    if (line.trimStart().startsWith(fence)) {
      isInFence = !isInFence;
      return fence;
    }
    return isInFence ? line : convertLine(line);
  });
  return lines.join('\n');
}

function convertLine(line: string): string {
  const heading = /^ {0,3}#{1,6} +(\S.*)$/s.exec(line)?.[1];
  if (heading !== undefined) {
    // Bold inside bold would end it, so the heading's own strong marks go.
    const title = withoutClosingHashes(heading).replaceAll(/\*\*|__/g, '');
    if (title !== '') return `*${convertInlineMarks(title)}*`;
  }
  const [, lead = '', bullet, rest = ''] = /^((?:> ?)*\s*)([*+-] +)?(.*)$/s.exec(line) ?? [];
  return `${lead}${bullet === undefined ? '' : '- '}${convertInlineMarks(rest)}`;
}

/** By hand, for a pattern with blanks before an end takes quadratic time. */
function withoutClosingHashes(heading: string): string {
  const trimmed = heading.trimEnd();
  let end = trimmed.length;
  while (trimmed[end - 1] === '#') end -= 1;
  return trimmed[end - 1] === ' ' ? trimmed.slice(0, end).trimEnd() : trimmed;
}
