/** `npm run openapi`: writes docs/openapi.json, which a test compares with what the api serves. */
import { writeFileSync } from 'node:fs';
import { printOpenApiDocument } from '../test/support/openapi-document.ts';

writeFileSync(new URL('../docs/openapi.json', import.meta.url), await printOpenApiDocument());
