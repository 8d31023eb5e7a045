/**
 * Whether an `Accept` field asks for a page before JSON (RFC 9110 §12.5.1): a browser names `text/html`, a program takes
 * whatever comes. Ties go to JSON.
 */
export function prefersHtml(accept: string): boolean {
  return weightOf(accept, 'text/html') > weightOf(accept, 'application/json');
}

/** The weight of the most specific range that fits; 0 = not acceptable. */
function weightOf(accept: string, mediaType: string): number {
  const [type = ''] = mediaType.split('/');
  const weights = new Map(accept.split(',').map(readRange));
  return weights.get(mediaType) ?? weights.get(`${type}/*`) ?? weights.get('*/*') ?? 0;
}

function readRange(range: string): [name: string, weight: number] {
  const [name = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
  const quality = parameters.find((parameter) => parameter.startsWith('q='));
  const weight = quality === undefined ? 1 : Number(quality.slice(2));
  return [name, weight >= 0 && weight <= 1 ? weight : 0];
}
