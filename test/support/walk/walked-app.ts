import { startTestApp, type TestApp } from '../test-app.ts';
import type { WalkedCall } from './calls.ts';

/** An app for walks: any URL may be saved, and Kernel knows media by the token of the owner's number only. */
export function startWalkedApp(): Promise<TestApp> {
  return startTestApp(({ channelSigns }) => ({
    // What a wrong signature leaves with the channel's owner is meant to be there: a test of its own looks at it.
    channelSigns: { ...channelSigns, noteRefusal: () => undefined },
    urlGuard: { checkUrl: (text) => ({ ok: true, url: new URL(text) }) },
    mediaSource: {
      describe: async ({ credentials }) =>
        credentials.accessToken === 'token-7001' ? { contentType: 'image/png', size: 1 } : { kind: 'missing' },
      open: async ({ credentials }) =>
        credentials.accessToken === 'token-7001' ? { kind: 'refused', detail: 'it was found' } : { kind: 'missing' },
    },
  }));
}

/** A stream from now on, whose answer never ends. */
export function isEndless({ route, isFiltered }: WalkedCall): boolean {
  return 'text/event-stream' in (route.operation?.responses['200']?.content ?? {}) && !isFiltered;
}
