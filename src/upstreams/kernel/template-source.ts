import { boundText } from '../../domain/bounded-text.ts';
import type { KernelCredentials } from '../../domain/channel.ts';
import type { TemplateNews } from '../../domain/message/template.ts';
import { appendPath } from '../guarded-http/append-path.ts';
import type { GuardedHttp } from '../guarded-http/guarded-http.ts';
import type { RequestOwner } from '../guarded-http/origin-pools.ts';
import type { KernelAccess } from './kernel-access.ts';
import { asRecord } from './provider-error.ts';

const pageSize = 250;
/** An account has 6,000 templates at most, in their languages. */
const maxPages = 60;
const timeoutMs = 15_000;

export interface TemplatesRequest {
  readonly owner: RequestOwner;
  readonly apiBaseUrl: string;
  readonly credentials: KernelCredentials;
  readonly wabaId: string;
}

/** All templates of an account, or why they could not be had, in a sentence without secrets. */
export type TemplatesAnswer =
  | { readonly kind: 'listed'; readonly templates: readonly TemplateNews[] }
  | { readonly kind: 'unavailable'; readonly detail: string };

/**
 * Asks Graph for the templates of an account, page by page.
 * Source: https://developers.facebook.com/docs/graph-api/reference/whats-app-business-account/message_templates
 */
export function createTemplateSource(dependencies: {
  readonly http: Pick<GuardedHttp, 'request'>;
  readonly access: KernelAccess;
}) {
  const { http, access } = dependencies;

  return async function listTemplates(request: TemplatesRequest): Promise<TemplatesAnswer> {
    // A template that is made or removed while the pages are read may be listed twice.
    const templates = new Map<string, TemplateNews>();
    let after: string | null = null;
    for (let page = 0; page < maxPages; page += 1) {
      const url = urlOf(request, after);
      const called = await access.call(request.owner, request.credentials, (accessToken) =>
        http.request({
          owner: request.owner,
          method: 'GET',
          url,
          headers: { authorization: `Bearer ${accessToken}`, accept: 'application/json' },
          body: null,
          timeoutMs,
        }),
      );
      if (called.kind === 'refused') return { kind: 'unavailable', detail: called.refusal.detail };
      const { outcome } = called;
      if (!outcome.answered) return { kind: 'unavailable', detail: outcome.detail };
      const body = parseJson(outcome.body);
      const data = asRecord(body)?.['data'];
      if (outcome.status !== 200 || !Array.isArray(data)) {
        return { kind: 'unavailable', detail: `Kernel answered HTTP ${outcome.status} without a list of templates.` };
      }
      for (const each of data.flatMap(readTemplate)) templates.set(JSON.stringify([each.name, each.language]), each);
      after = readNext(body);
      if (after === null) return { kind: 'listed', templates: [...templates.values()] };
    }
    return { kind: 'unavailable', detail: 'Kernel named more templates than an account may have.' };
  };
}

function urlOf({ apiBaseUrl, wabaId }: TemplatesRequest, after: string | null): string {
  const base = appendPath(apiBaseUrl, wabaId, 'message_templates');
  if (!URL.canParse(base)) return base;
  const url = new URL(base);
  url.searchParams.set('fields', 'name,language,status,category,quality_score,rejected_reason');
  url.searchParams.set('limit', String(pageSize));
  if (after !== null) url.searchParams.set('after', after);
  return url.href;
}

function readTemplate(item: unknown): TemplateNews[] {
  const record = asRecord(item);
  const word = (value: unknown) => (typeof value === 'string' && value !== '' ? boundText(value, 512) : null);
  const [name, language] = [word(record?.['name']), word(record?.['language'])];
  if (name === null || language === null) return [];
  const reason = word(record?.['rejected_reason']);
  return [
    {
      name,
      language,
      status: word(record?.['status'])?.toUpperCase() ?? null,
      quality: word(asRecord(record?.['quality_score'])?.['score'])?.toUpperCase() ?? null,
      category: word(record?.['category'])?.toUpperCase() ?? null,
      reason: reason === 'NONE' ? null : reason,
    },
  ];
}

/** Null = this was the last page. */
function readNext(body: unknown): string | null {
  const paging = asRecord(asRecord(body)?.['paging']);
  const after = asRecord(paging?.['cursors'])?.['after'];
  return typeof paging?.['next'] === 'string' && typeof after === 'string' ? after : null;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown; // JSON.parse says any
  } catch {
    return null; // no JSON is no list
  }
}
