import { mkdirSync } from 'node:fs';
import axe from 'axe-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ConsoleFixture, openConsole } from './console-fixture.ts';

/** Set = a picture of each page is left there. */
const picturesDir = process.env['CONSOLE_PICTURES'];

let fixture: ConsoleFixture;
beforeAll(async () => {
  fixture = await openConsole();
  if (picturesDir !== undefined) mkdirSync(picturesDir, { recursive: true });
});
afterAll(() => fixture.close());

const places = [
  'overview',
  'jobs',
  'jobs/{job}',
  'jobs?label=spring',
  'conversations?person=%2B34600111222',
  'problems',
  'channels',
  'channels/{channel}',
  'webhooks',
  'templates/{channel}',
  'notices',
  'opt-outs',
  'keys',
  'audit',
];

describe.each([
  { width: 1280, colorScheme: 'light' },
  { width: 1280, colorScheme: 'dark' },
  { width: 390, colorScheme: 'light' },
  { width: 390, colorScheme: 'dark' },
] as const)('at $width px, $colorScheme,', ({ width, colorScheme }) => {
  it('every page is without a finding of axe, and no wider than the window', async () => {
    const page = await fixture.openPage({ width, colorScheme });
    await fixture.signIn(page);
    const findings: string[] = [];
    for (const place of places) {
      const filled = place.replace('{job}', fixture.jobIds[0] ?? '').replace('{channel}', fixture.channelId);
      await page.goto(`${fixture.url}#/${filled}`);
      await page.getByRole('heading', { level: 1 }).waitFor();
      await page.getByText('Loading …').first().waitFor({ state: 'detached' });
      await page.waitForTimeout(300);
      if (picturesDir !== undefined)
        await page.screenshot({ path: `${picturesDir}/${filled.replaceAll(/\W+/g, '-')}-${width}-${colorScheme}.png` });
      const { violations } = await page.evaluate<{ violations: { id: string; nodes: { html: string }[] }[] }>(
        `${axe.source}; axe.run(document, { resultTypes: ['violations'] })`,
      );
      findings.push(...violations.map(({ id, nodes }) => `${place}: ${id} ${nodes[0]?.html.slice(0, 120)}`));
      const overhang = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
      if (overhang > 0) findings.push(`${place}: ${overhang} px wider than the window`);
    }
    expect(findings).toEqual([]);
    await page.context().close();
  });
});

it('no page complained of a script or the content security policy', () => {
  expect(fixture.complaints).toEqual([]);
});
