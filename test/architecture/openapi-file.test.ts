import { expect, it } from 'vitest';
import { printOpenApiDocument } from '../support/openapi-document.ts';
import { readText } from './source-files.ts';

it('docs/openapi.json is what the api serves: run `npm run openapi` after a change', async () => {
  expect((await printOpenApiDocument()) === readText('docs/openapi.json')).toBe(true);
});
