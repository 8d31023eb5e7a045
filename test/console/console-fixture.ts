import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { buildConsole } from '../../dev/build-console.mjs';
import { readPageFiles } from '../../src/console/page-files.ts';
import { aWhatsappChannel, startTestApp, type TestApp } from '../support/test-app.ts';
import { launchBrowser } from './browser.ts';

export interface ConsoleFixture {
  readonly test: TestApp;
  readonly browser: Browser;
  readonly url: string;
  readonly channelId: string;
  /** The ids of jobs that wait for a worker; there is none. */
  readonly jobIds: readonly string[];
  /** What pages complained of: errors of scripts, and what the content security policy refused. */
  readonly complaints: string[];
  openPage(options?: { readonly width?: number; readonly colorScheme?: 'dark' | 'light' }): Promise<Page>;
  signIn(page: Page, key?: string): Promise<void>;
  send(members?: object): Promise<string>;
  close(): Promise<void>;
}

/** The built console over the whole HTTP floor, in a real browser, for a tenant with a channel and some messages. */
export async function openConsole(): Promise<ConsoleFixture> {
  const home = await mkdtemp(join(tmpdir(), 'waypost-console-'));
  await buildConsole(home);
  // Without TLS the cookie has no `Secure`; the tests of HTTP look at the other one.
  const test = await startTestApp({
    consoleFiles: readPageFiles(pathToFileURL(home)),
    publicUrl: 'http://localhost',
    urlGuard: { checkUrl: (text) => ({ ok: true, url: new URL(text) }) },
  });
  await test.app.listen({ host: '127.0.0.1', port: 0 });
  // It listens on TCP, so its address is one of TCP.
  const { port } = test.app.server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}/console/`;
  const browser = await launchBrowser();
  const complaints: string[] = [];
  const made = await test.call('POST /v1/channels', { body: aWhatsappChannel() });
  const channelId = String(made.at('id'));
  await test.call('POST /v1/webhooks', { body: { url: 'https://subscriber.example.com/events' } });

  async function send(members: object = {}): Promise<string> {
    const activity = { type: 'message', text: 'Hola' };
    const body = { channelId, to: '+34600111222', activity, label: 'spring', ...members };
    return String((await test.call('POST /v1/messages', { body })).at('id'));
  }

  const jobIds = [await send(), await send({ to: '+34600333444' }), await send({ conversationId: 'c-1' })];
  return {
    test,
    browser,
    url,
    channelId,
    jobIds,
    complaints,
    send,
    async openPage({ width = 1280, colorScheme = 'light' } = {}) {
      const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme });
      const page = await context.newPage();
      page.on('pageerror', (error) => complaints.push(error.message));
      page.on('console', (message) => {
        // The browser itself reports each refused call; those are part of what is tested.
        if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
          complaints.push(message.text());
      });
      await page.goto(url);
      return page;
    },
    async signIn(page, key = test.key) {
      await page.getByLabel('API key').fill(key);
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByRole('navigation').waitFor();
    },
    async close() {
      await browser.close();
      await test.close();
      await rm(home, { recursive: true });
    },
  };
}
