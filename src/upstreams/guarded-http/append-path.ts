/**
 * The base URL with segments after its path; its query stays. Each segment is encoded, so that none can leave its place.
 * A base that is no URL comes back as it is: the guard refuses it with a reason.
 */
export function appendPath(base: string, ...segments: readonly string[]): string {
  if (!URL.canParse(base)) return base;
  const url = new URL(base);
  url.pathname = [url.pathname.replace(/\/+$/, ''), ...segments.map(encodeURIComponent)].join('/');
  url.hash = '';
  return url.href;
}
