import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { printOpenApiDocument } from '../support/openapi-document.ts';
import { readText } from './source-files.ts';

it('docs/openapi.json is what the api serves: run `npm run openapi` after a change', async () => {
  expect((await printOpenApiDocument()) === readText('docs/openapi.json')).toBe(true);
});

it("the client's types are made from docs/openapi.json as it is: run `npm run openapi` after a change", () => {
  const hash = createHash('sha256').update(readText('docs/openapi.json')).digest('hex');
  expect(readText('src/client/api-types.ts').split('\n', 1)).toEqual([expect.stringContaining(`sha256 ${hash}`)]);
});
