import { boundText } from '../bounded-text.ts';
import { type Job, type JobChange, noChange } from '../job.ts';
import { isJsonObject, type JsonObject, memberOf, textOf } from '../rendering/payload.ts';

/** What a message names of its template. */
export interface TemplateName {
  readonly name: string;
  readonly language: string;
}

/** A template as it is known. `status` as Meta's; null = nothing was said of it. */
export interface KnownTemplate extends TemplateName {
  readonly status: string | null;
  readonly quality: string | null;
  /** Upper case, such as MARKETING. */
  readonly category: string | null;
  readonly reason: string | null;
}

/** The templates that a rendered message names, once each. */
export function listTemplates(parts: readonly JsonObject[]): TemplateName[] {
  return parts.flatMap((part) => {
    const template = part['type'] === 'template' ? memberOf(part, 'template') : null;
    if (!isJsonObject(template)) return [];
    const language = memberOf(template, 'language');
    return [{ name: textOf(template, 'name'), language: isJsonObject(language) ? textOf(language, 'code') : '' }];
  });
}

const waiting: ReadonlySet<string> = new Set(['PENDING', 'PAUSED']);
const usable: ReadonlySet<string> = new Set(['APPROVED', 'FLAGGED', 'IN_APPEAL', 'LIMIT_EXCEEDED']);

/** Whether a template may be sent: one that waits or is paused may be again, the others that may not never will. */
export function judgeTemplate(status: string | null): 'go' | 'hold' | 'refuse' {
  if (status === null || usable.has(status)) return 'go';
  return waiting.has(status) ? 'hold' : 'refuse';
}

/** How `waitingFor.detail` begins where it names this template; null = any. What Kernel has held (132015) names none. */
export function beginHold(template: TemplateName | null): string {
  const begin = 'its template "';
  return template === null ? begin : `${begin}${template.name}" (${template.language}) `;
}

/** It gives up its turn until its template may be sent again, as WhatsApp will tell. */
export function holdForTemplate(job: Job, template: KnownTemplate): JobChange {
  const isKnown = job.state === 'held' && job.waitingFor?.reason === 'template';
  const detail = `${beginHold(template)}is ${template.status ?? 'unknown'}`;
  return {
    ...noChange,
    set: {
      state: 'held',
      waitingFor: { reason: 'template', until: null, detail },
      nextAttemptAt: null,
      rateSlotAt: null,
      awaitedBy: null,
      wakeAt: job.expiresAt,
    },
    timeline: isKnown ? [] : [{ type: 'message.held', title: `Held: ${detail}` }],
    events: isKnown ? [] : ['message.held'],
  };
}

/** What Meta says of one template; a member that is null is not said. */
export type TemplateNews = KnownTemplate;

const maxChars = 512;

/** Reads the value of a field about templates; null = it is none, or names no template. */
export function readTemplateNews(field: string, raw: unknown): TemplateNews | null {
  if (!isJsonObject(raw)) return null;
  const word = (member: string) => boundText(textOf(raw, member), maxChars) || null;
  const [name, language] = [word('message_template_name'), word('message_template_language')];
  if (name === null || language === null) return null;
  const news = { name, language, status: null, quality: null, category: null, reason: null };
  switch (field) {
    case 'message_template_status_update': {
      const event = word('event')?.toUpperCase() ?? null;
      return { ...news, status: event === 'REINSTATED' ? 'APPROVED' : event, reason: word('reason') };
    }
    case 'message_template_quality_update':
      return { ...news, quality: word('new_quality_score')?.toUpperCase() ?? null };
    case 'template_category_update':
      return { ...news, category: word('new_category')?.toUpperCase() ?? null };
    default:
      return null;
  }
}
