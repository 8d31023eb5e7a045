import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readText } from '../architecture/source-files.ts';

interface Operation {
  readonly responses: Readonly<
    Record<
      string,
      { readonly content?: Record<string, { readonly examples?: Record<string, { readonly value: unknown }> }> }
    >
  >;
}

/** An api that answers every call of docs/openapi.json with the document's own example of a success, and any other with 404. */
export async function startDocumentServer(
  change: (path: string, body: unknown) => unknown = (_path, body) => body,
  /** Paths that a wrong key gets nothing of. */
  refused: readonly string[] = [],
) {
  // Our own document; its shape is OpenAPI's.
  const { paths } = JSON.parse(readText('docs/openapi.json')) as { paths: Record<string, Record<string, Operation>> };
  const routes = Object.entries(paths).map(([path, operations]) => ({
    path,
    pattern: new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/\{[^}]+\}/g, '[^/]+')}$`),
    operations,
  }));
  // Those without parameters first: `/v1/jobs/retry` is no job.
  routes.sort((one, other) => one.path.split('{').length - other.path.split('{').length);
  const calls: { readonly line: string; readonly body: string; readonly authorization: string | undefined }[] = [];
  async function reply(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, search } = new URL(request.url ?? '/', 'http://api');
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString();
    calls.push({ line: `${request.method} ${pathname}${search}`, body, authorization: request.headers.authorization });
    if (refused.includes(pathname)) {
      response.writeHead(401).end();
      return;
    }
    const route = routes.find(
      ({ pattern, operations }) => pattern.test(pathname) && (request.method ?? '').toLowerCase() in operations,
    );
    const answers = Object.entries(route?.operations[(request.method ?? '').toLowerCase()]?.responses ?? {});
    const [status = '404', answer] = answers.find(([code]) => code.startsWith('2')) ?? [];
    const examples = answer?.content?.['application/json']?.examples ?? {};
    const text = JSON.stringify(change(pathname, Object.values(examples)[0]?.value));
    response.writeHead(Number(status), { 'content-type': 'application/json' });
    response.end(status === '204' ? undefined : text);
  }
  const server = createServer((request, response) => void reply(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, // a TCP server that listens has one
    calls,
    close: () => {
      server.closeAllConnections();
      return new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
