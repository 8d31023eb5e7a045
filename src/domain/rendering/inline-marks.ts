/** Markdown's emphasis → what WhatsApp shows as bold, italic and struck through. */
const openings: Readonly<Record<string, string>> = { '***': '*_', '**': '*', __: '*', '*': '_', _: '_', '~~': '~' };
const closings: Readonly<Record<string, string>> = { '***': '_*', '**': '*', __: '*', '*': '_', _: '_', '~~': '~' };

// Sticky and without nested repetition, so that hostile text costs time in proportion to its length.
const linkPattern = /!?\[([^[\]]{0,500})\]\(<?([^\s<>()]{1,2000})>?(?: "[^"]{0,200}")?\)/y;
const addressPattern = /<((?:https?:|mailto:)[^\s<>]{1,2000})>/y;
const runPattern = /\*{1,3}|_{1,2}|~~/y;
const plainPattern = /[^\\`![<*_~]+/y;

/** Bounds the search for a partner; nobody nests deeper. */
const maxOpen = 32;

interface Opening {
  readonly run: string;
  readonly position: number;
}

/**
 * Turns the inline marks of one line of markdown into WhatsApp's, in one pass. A mark without its partner, and one
 * inside a word where it is more likely part of a name (`snake_case`, `2*3`), stays as written. Code stays verbatim.
 */
export function convertInlineMarks(line: string): string {
  const out: string[] = [];
  const open: Opening[] = [];
  let at = 0;
  while (at < line.length) {
    const token = readToken(line, at);
    if (token.run)
      placeRun(token.text, { before: line.charAt(at - 1), after: line.charAt(at + token.length) }, out, open);
    else out.push(token.text);
    at += token.length;
  }
  return out.join('');
}

/** `length` = how much of the line it took; `run` = the text is a run of emphasis marks. */
interface Token {
  readonly text: string;
  readonly length: number;
  readonly run?: boolean;
}

function readToken(line: string, at: number): Token {
  const plain = matchAt(plainPattern, line, at);
  if (plain !== null) return { text: plain[0], length: plain[0].length };
  const next = line.charAt(at + 1);
  if (line[at] === '\\' && /[!-/:-@[-`{-~]/.test(next)) return { text: next, length: 2 };
  if (line[at] === '`') return readCode(line, at);
  const link = matchAt(linkPattern, line, at);
  if (link !== null) {
    const [whole, label = '', url = ''] = link;
    return {
      text: label === '' || label === url ? url : `${convertInlineMarks(label)} (${url})`,
      length: whole.length,
    };
  }
  const address = matchAt(addressPattern, line, at);
  if (address !== null) return { text: address[1] ?? '', length: address[0].length };
  const run = matchAt(runPattern, line, at);
  if (run !== null) return { text: run[0], length: run[0].length, run: true };
  return { text: line.charAt(at), length: 1 };
}

function readCode(line: string, at: number): Token {
  const end = line.indexOf('`', at + 1);
  // Without a partner the rest holds no backtick, so this search happens once a line.
  return end === -1 ? { text: '`', length: 1 } : { text: line.slice(at, end + 1), length: end + 1 - at };
}

function matchAt(pattern: RegExp, line: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(line);
}

/** Writes a run of marks: as an end if a partner is open, else as a possible beginning, else as it stands. */
function placeRun(run: string, { before, after }: { before: string; after: string }, out: string[], open: Opening[]) {
  const isStrict = run === '*' || run === '_' || run === '__';
  const canOpen = /\S/.test(after) && !(isStrict && /[\p{L}\p{N}]/u.test(before));
  const canClose = /\S/.test(before) && !(isStrict && /[\p{L}\p{N}]/u.test(after));
  const partner = canClose ? open.findLastIndex((opening) => opening.run === run) : -1;
  const opening = open[partner];
  const inner = open.at(-1)?.run;
  if (run === '***' && canClose && opening === undefined && (inner === '*' || inner === '**')) {
    // Two marks that end together: `**a *b***`.
    placeRun(inner, { before, after: '*' }, out, open);
    placeRun(inner === '*' ? '**' : '*', { before: '*', after }, out, open);
    return;
  }
  if (opening !== undefined) {
    out[opening.position] = openings[run] ?? run;
    out.push(closings[run] ?? run);
    open.length = partner;
    return;
  }
  if (canOpen && open.length < maxOpen) open.push({ run, position: out.length });
  out.push(run);
}
