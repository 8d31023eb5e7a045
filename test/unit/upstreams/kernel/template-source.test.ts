import { expect, it } from 'vitest';
import type { HttpOutcome } from '../../../../src/domain/failure.ts';
import { createKernelAccess } from '../../../../src/upstreams/kernel/kernel-access.ts';
import { createTemplateSource } from '../../../../src/upstreams/kernel/template-source.ts';

const owner = { tenantId: 'ten_1', destination: 'chn_1' };
const request = { owner, apiBaseUrl: 'https://graph.example/v23.0', credentials: { accessToken: 't' }, wabaId: '77' };
const answered = (status: number, body: unknown): HttpOutcome => ({
  answered: true,
  status,
  retryAfterMs: null,
  body: typeof body === 'string' ? body : JSON.stringify(body),
  durationMs: 1,
});

function listWith(outcomes: readonly HttpOutcome[]) {
  const urls: string[] = [];
  const http = {
    async request({ url }: { readonly url: string }) {
      urls.push(url);
      return outcomes[urls.length - 1] ?? answered(500, '');
    },
  };
  return {
    urls,
    answer: createTemplateSource({ http, access: createKernelAccess({ http, nowMs: Date.now }) })(request),
  };
}

it('lists the templates of all pages', async () => {
  const one = { name: 'offer', language: 'es', status: 'APPROVED', category: 'MARKETING', rejected_reason: 'NONE' };
  const two = {
    name: 'code',
    language: 'en',
    status: 'REJECTED',
    quality_score: { score: 'GREEN' },
    rejected_reason: 'TAG',
  };
  const paging = { cursors: { after: 'c1' }, next: 'https://elsewhere.example/' };
  const { urls, answer } = listWith([
    answered(200, { data: [one, { name: 1 }], paging }),
    answered(200, { data: [two] }),
  ]);
  expect(await answer).toEqual({
    kind: 'listed',
    templates: [
      { name: 'offer', language: 'es', status: 'APPROVED', quality: null, category: 'MARKETING', reason: null },
      { name: 'code', language: 'en', status: 'REJECTED', quality: 'GREEN', category: null, reason: 'TAG' },
    ],
  });
  expect(urls.map((url) => new URL(url).host)).toEqual(['graph.example', 'graph.example']);
  expect(urls.map((url) => new URL(url).searchParams.get('after'))).toEqual([null, 'c1']);
});

// The store cannot take one name and language twice: the sync was answered with 500.
it('lists a template once that two pages hold, as the later one has it', async () => {
  const one = { name: 'offer', language: 'es', status: 'PENDING' };
  const paging = { cursors: { after: 'c1' }, next: 'https://elsewhere.example/' };
  const { answer } = listWith([
    answered(200, { data: [one], paging }),
    answered(200, {
      data: [
        { ...one, status: 'APPROVED' },
        { ...one, language: 'en' },
      ],
    }),
  ]);
  expect(await answer).toMatchObject({
    kind: 'listed',
    templates: [
      { language: 'es', status: 'APPROVED' },
      { language: 'en', status: 'PENDING' },
    ],
  });
});

it.each([
  ['refused', answered(403, { error: { code: 200 } })],
  ['no list', answered(200, { data: {} })],
  ['no JSON', answered(200, '<html>')],
  ['no answer', { answered: false, fault: 'dns', detail: 'no such host', durationMs: 1 } satisfies HttpOutcome],
])('says that there is no list: %s', async (_what, outcome) => {
  expect(await listWith([outcome]).answer).toMatchObject({ kind: 'unavailable' });
});
