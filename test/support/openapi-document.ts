import pg from 'pg';
import { buildApp } from '../../src/http/build-app.ts';
import { createAppDependencies } from './app-dependencies.ts';

/** The document that the api serves, without a server. */
export async function readOpenApiDocument(): Promise<string> {
  const app = await buildApp(await createAppDependencies(new pg.Pool()));
  try {
    return (await app.inject('/openapi.json')).body;
  } finally {
    await app.close();
  }
}

/** As `docs/openapi.json` holds it: of no instance, and a line a member, so that a change can be read. */
export async function printOpenApiDocument(): Promise<string> {
  const document = JSON.parse(await readOpenApiDocument()) as object;
  return `${JSON.stringify({ ...document, servers: [{ url: 'https://waypost.example' }] }, null, 1)}\n`;
}
