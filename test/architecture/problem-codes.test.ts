import { expect, it } from 'vitest';
import { describeCode, problemCatalogue } from '../../src/domain/problems/catalogue.ts';
import { listSources, readText } from './source-files.ts';

/** What zod calls an issue that a refinement found, and what the client calls an answer that is none of the api's. */
const foreignCodes = ['custom', 'http_error'];

it('every problem code that the sources name has a type with a page, and none is described twice', () => {
  const named = listSources().flatMap((path) =>
    [
      ...readText(path).matchAll(/(?:apiProblem\(\s*|new Refusal\(\s*|\bsuper\(\s*|\bcode: )'([a-z]+(?:_[a-z]+)*)'/g),
    ].map(([, code = '']) => code),
  );
  expect(named.length).toBeGreaterThan(100);
  const lost = named.filter((code) => describeCode(code) === undefined && !foreignCodes.includes(code));
  expect(lost).toEqual([]);
  const codes = problemCatalogue.map(({ code }) => code);
  expect(codes.filter((code, index) => codes.indexOf(code) !== index)).toEqual([]);
});
