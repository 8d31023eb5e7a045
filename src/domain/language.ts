/**
 * BCP 47 (RFC 5646), of the shapes that are registered in practice: a language of 2–3 letters, then extended language,
 * script, region, variants, the extensions `t` and `u`, and private use. So `english` is no tag. Many systems write `es_ES`:
 * an underscore is read as a hyphen.
 */
export const languageTag = new RegExp(
  // No flag for the case: the description of the API shows the pattern as it is.
  (
    '^[A-Za-z]{2,3}(-[A-Za-z]{3})?(-[A-Za-z]{4})?(-([A-Za-z]{2}|[0-9]{3}))?(-([A-Za-z0-9]{5,8}|[0-9][A-Za-z0-9]{3}))*' +
    '(-[TtUu](-[A-Za-z0-9]{2,8})+)*(-[Xx](-[A-Za-z0-9]{1,8})+)?$'
  ).replaceAll('(-', '([-_]'),
);
export const maxTagChars = 64;

export function isLanguageTag(tag: string): boolean {
  return tag.length <= maxTagChars && languageTag.test(tag);
}

/** `wanted` null = nobody said. `available` is in order of preference. */
export interface LanguageChoice {
  readonly wanted: string | null;
  readonly fallback: string;
  readonly available: readonly string[];
}

/**
 * Picks the member of `available` for a reader: the wanted tag, then what is left of it when cut from the right
 * (`zh-Hant-TW`, `zh-Hant`, `zh`; RFC 4647 §3.4), the same for `fallback`, else the first. Null when none is available.
 * Tags are compared in their canonical form, so the old `iw` meets `he`.
 */
export function chooseLanguage({ wanted, fallback, available }: LanguageChoice): string | null {
  const chosen = (wanted === null ? undefined : lookUp(wanted, available)) ?? lookUp(fallback, available);
  return chosen ?? available[0] ?? null;
}

function lookUp(tag: string, available: readonly string[]): string | undefined {
  if (tag.length > maxTagChars) return undefined;
  const subtags = canonicalize(tag).split('-');
  for (let length = subtags.length; length > 0; length -= 1) {
    const range = subtags.slice(0, length).join('-');
    const match = available.find((candidate) => canonicalize(candidate) === range);
    if (match !== undefined) return match;
  }
  return undefined;
}

/** A batch asks for the same few tags a hundred thousand times. */
const canonicalTags = new Map<string, string>();
const maxCanonicalTags = 1_000;

/** In lower case, as CLDR has it today: `iw` is `he`, `in` is `id`; and `no`, which stands for `nb` in practice, is `nb`. */
function canonicalize(tag: string): string {
  const known = canonicalTags.get(tag);
  if (known !== undefined) return known;
  const canonical = toCldr(tag.replaceAll('_', '-'))
    .toLowerCase()
    .replace(/^no(?=-|$)/, 'nb');
  if (canonicalTags.size >= maxCanonicalTags) canonicalTags.clear();
  canonicalTags.set(tag, canonical);
  return canonical;
}

function toCldr(tag: string): string {
  try {
    return Intl.getCanonicalLocales(tag)[0] ?? tag;
  } catch {
    return tag; // no tag: it is compared as it stands
  }
}
