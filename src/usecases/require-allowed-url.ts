import { apiProblem } from '../domain/problems/refusal.ts';

/** The part of the URL guard that judges a URL by its text. */
export interface UrlJudge {
  checkUrl(url: string): { readonly ok: true } | { readonly ok: false; readonly reason: string };
}

/** Refuses with `url_not_allowed` every URL that may not be called; null and absent ones pass. Pointers lead to them. */
export function requireAllowedUrls(judge: UrlJudge, urls: Readonly<Record<string, string | null | undefined>>): void {
  const errors = Object.entries(urls).flatMap(([pointer, url]) => {
    if (url === null || url === undefined) return [];
    const verdict = judge.checkUrl(url);
    return verdict.ok ? [] : [{ detail: verdict.reason, pointer }];
  });
  const first = errors[0];
  if (first !== undefined) throw apiProblem('url_not_allowed', first.detail, { errors });
}
