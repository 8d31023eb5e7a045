import { readFile } from 'node:fs/promises';
import pg from 'pg';
import { expect, it } from 'vitest';
import { describeSchema } from '../../dev/schema-text.ts';
import { createTestDatabase } from '../support/database.ts';

it('src/store/schema.sql is what the migrations make: run `npm run schema` after a new one', async () => {
  const database = await createTestDatabase();
  const client = new pg.Client({ connectionString: database.url });
  try {
    await client.connect();
    const file = await readFile(new URL('../../src/store/schema.sql', import.meta.url), 'utf8');
    expect(await describeSchema(client)).toBe(file);
  } finally {
    await client.end();
    await database.close();
  }
});
