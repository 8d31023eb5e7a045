import { describe, expect, it } from 'vitest';
import { judgeTemplate, listTemplates, readTemplateNews } from '../../../../src/domain/message/template.ts';

describe('a template', () => {
  it.each([
    ['go', [null, 'APPROVED', 'FLAGGED', 'IN_APPEAL', 'LIMIT_EXCEEDED']],
    ['hold', ['PENDING', 'PAUSED']],
    ['refuse', ['REJECTED', 'DISABLED', 'DELETED', 'PENDING_DELETION', 'ARCHIVED']],
  ] as const)('%s: %j', (verdict, statuses) => {
    expect(statuses.map(judgeTemplate)).toEqual(statuses.map(() => verdict));
  });

  it('is named by a message, with its language', () => {
    const template = { name: 'offer', language: { code: 'es' } };
    expect(listTemplates([{ type: 'text' }, { type: 'template', template }, { type: 'template' }])).toEqual([
      { name: 'offer', language: 'es' },
    ]);
  });

  const named = { message_template_name: 'offer', message_template_language: 'es' };
  it.each<[string, object, object | null]>([
    [
      'message_template_status_update',
      { ...named, event: 'PAUSED', reason: 'LOW' },
      { status: 'PAUSED', reason: 'LOW' },
    ],
    ['message_template_status_update', { ...named, event: 'REINSTATED' }, { status: 'APPROVED' }],
    ['message_template_quality_update', { ...named, new_quality_score: 'RED' }, { quality: 'RED', status: null }],
    ['template_category_update', { ...named, new_category: 'MARKETING' }, { category: 'MARKETING', status: null }],
    ['message_template_components_update', named, null],
    ['message_template_status_update', { event: 'PAUSED' }, null],
  ])('is told of by %s %j', (field, raw, news) => {
    const unsaid = { status: null, quality: null, category: null, reason: null };
    const read = news === null ? null : { name: 'offer', language: 'es', ...unsaid, ...news };
    expect(readTemplateNews(field, raw)).toEqual(read);
  });

  it('is told of in text that Postgres can hold, wherever it is cut', () => {
    const word = `${'x'.repeat(510)}\u{1F600}`;
    const news = readTemplateNews('message_template_status_update', { ...named, event: 'PAUSED', reason: `${word}yy` });
    expect(news?.reason).toBe(`${'x'.repeat(510)}…`);
  });
});
