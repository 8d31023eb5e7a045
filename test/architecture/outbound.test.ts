import { expect, it } from 'vitest';
import { listSources, readImports, readText } from './source-files.ts';

const guardedFolder = 'src/upstreams/guarded-http/';
/** They take Node's own server and its words, for those who call us. */
const listeners = ['src/http/probe-server.ts', 'src/http/broken-requests.ts'];
/** Reads the figures of the Temporal SDK from its own server, on the loopback of the process. */
const readsOwnFigures = 'src/temporal/runtime.ts';
/** What opens connections. Servers listen, and Postgres and Temporal are the operator's own addresses. */
const dialers = /^(undici|(node:)?(http|https|http2|net|tls|dgram|dns)(\/promises)?)$/;

it('whatever goes out to a URL that a tenant gave goes through guarded-http: nobody else dials', () => {
  const others = listSources().filter((path) => !path.startsWith(guardedFolder) && path !== readsOwnFigures);
  const dialling = others
    .flatMap(readImports)
    .filter(({ target, isTypeOnly, from }) => dialers.test(target) && !isTypeOnly && !listeners.includes(from));
  expect(dialling).toEqual([]);
  const fetching = others.filter((path) => /(?<![.\w])fetch\(|new (WebSocket|EventSource)\(/.test(readText(path)));
  expect(fetching).toEqual([]);
  // The pattern finds what it is for.
  expect(
    listSources()
      .flatMap(readImports)
      .some(({ target }) => dialers.test(target)),
  ).toBe(true);
});
