import { describe, expect, it } from 'vitest';
import { prefersHtml } from '../../../src/http/prefers-html.ts';

describe('an Accept field', () => {
  it.each([
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', true],
    ['text/html', true],
    ['text/*, application/json;q=0.5', true],
    ['application/json;q=0.4, TEXT/HTML ; Q=0.5', true],
    ['*/*', false],
    ['', false],
    ['application/json', false],
    ['text/html;q=0, */*', false],
    ['text/html;q=0.1, application/json', false],
    ['application/problem+json, application/json', false],
    ['text/html;q=x', false],
    ['text/htmlx', false],
  ])('%s asks for a page: %s', (accept, expected) => {
    expect(prefersHtml(accept)).toBe(expected);
  });
});
