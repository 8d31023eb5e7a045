import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ConsoleFixture, openConsole } from './console-fixture.ts';

let fixture: ConsoleFixture;
beforeAll(async () => {
  fixture = await openConsole();
});
afterAll(() => fixture.close());

const stateOf = async (id: string) => (await fixture.test.call(`GET /v1/jobs/${id}`)).at('state');

describe('signing in', () => {
  it('survives a reload and a deep link, and leaves the key nowhere that a script could read', async () => {
    const page = await fixture.openPage();
    await fixture.signIn(page);
    const [jobId = ''] = fixture.jobIds;
    await page.goto(`${fixture.url}#/jobs/${jobId}`);
    await page.reload();
    await page.getByRole('heading', { name: jobId }).waitFor();
    const readable = await page.evaluate<string>(
      'JSON.stringify([document.cookie, { ...localStorage }, { ...sessionStorage }])',
    );
    expect(readable).toBe('["",{},{}]');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('API key').waitFor();
    await page.reload();
    await page.getByLabel('API key').waitFor();
    await page.context().close();
  });

  it('is over as soon as the key is deleted, and a wrong key is told so', async () => {
    const made = await fixture.test.call('POST /v1/api-keys', { body: { name: 'short', scopes: ['jobs:read'] } });
    const page = await fixture.openPage();
    await page.getByLabel('API key').fill(`wp_${'A'.repeat(43)}`);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').getByText('unknown, expired or deleted').waitFor();
    await fixture.signIn(page, String(made.at('apiKey')));
    await fixture.test.call(`DELETE /v1/api-keys/${String(made.at('id'))}`);
    // The page asks by itself, and finds out.
    const complaint = page.getByRole('alert').getByText('The session has ended');
    await complaint.waitFor();
    expect(await complaint.isVisible()).toBe(true);
    await page.context().close();
  });
});

describe('jobs', () => {
  it('come into the list while it is looked at', async () => {
    const page = await fixture.openPage();
    await fixture.signIn(page);
    await page.getByRole('link', { name: 'Jobs', exact: true }).click();
    await page.getByRole('link', { name: fixture.jobIds[0] ?? '' }).waitFor();
    const id = await fixture.send();
    await expect.poll(() => page.getByRole('link', { name: id }).count(), { timeout: 15_000 }).toBe(1);
    await page.context().close();
  });

  it('are found by what was typed, and cancelled after a question', async () => {
    const page = await fixture.openPage();
    await fixture.signIn(page);
    await page.goto(`${fixture.url}#/jobs`);
    const [, id = ''] = fixture.jobIds;
    await page.getByRole('searchbox').fill('+34 600 333 444');
    await page.keyboard.press('Enter');
    await expect.poll(() => page.url()).toContain('to=%2B34600333444');
    await page.getByRole('link', { name: id }).click();
    await page.getByRole('button', { name: 'Cancel …' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('+34600333444').waitFor();
    await dialog.getByRole('button', { name: 'Leave it' }).click();
    expect(await stateOf(id)).toBe('queued');
    await page.getByRole('button', { name: 'Cancel …' }).click();
    await dialog.getByRole('button', { name: 'Cancel the job' }).click();
    await page.getByText('Cancelled.').waitFor();
    expect(await stateOf(id)).toBe('cancelled');
    await page.getByRole('button', { name: 'Try again …' }).waitFor();
    await page.context().close();
  });

  it('are cancelled in bulk after a count of what it would touch', async () => {
    const ids = [await fixture.send({ label: 'bulk' }), await fixture.send({ label: 'bulk' })];
    const page = await fixture.openPage();
    await fixture.signIn(page);
    await page.goto(`${fixture.url}#/jobs?label=bulk`);
    await page.getByRole('button', { name: 'Cancel all of these …' }).click();
    await page.getByRole('heading', { name: 'Cancel 2 jobs?' }).waitFor();
    await page.getByRole('button', { name: 'Cancel them' }).click();
    await page.getByText('2 of 2 done').waitFor();
    expect(await Promise.all(ids.map(stateOf))).toEqual(['cancelled', 'cancelled']);
    await page.context().close();
  });

  it('cannot be acted upon without the scope, and the button says why', async () => {
    const made = await fixture.test.call('POST /v1/api-keys', { body: { name: 'reader', scopes: ['jobs:read'] } });
    const page = await fixture.openPage();
    await fixture.signIn(page, String(made.at('apiKey')));
    await page.goto(`${fixture.url}#/jobs/${fixture.jobIds[0]}`);
    const button = page.getByRole('button', { name: 'Cancel …' });
    await expect.poll(() => button.getAttribute('aria-disabled')).toBe('true');
    expect(await button.getAttribute('title')).toContain('jobs:write');
    await page.context().close();
  });
});

it('a channel is paused and resumed', async () => {
  const page = await fixture.openPage();
  await fixture.signIn(page);
  await page.goto(`${fixture.url}#/channels/${fixture.channelId}`);
  for (const [verb, state] of [
    ['Pause', 'paused'],
    ['Resume', 'active'],
  ] as const) {
    await page.getByRole('button', { name: `${verb} Main number` }).click();
    await page.getByRole('dialog').getByRole('button', { name: verb, exact: true }).click();
    await page.getByText(`${verb}d.`).waitFor();
    expect((await fixture.test.call(`GET /v1/channels/${fixture.channelId}`)).at('state')).toBe(state);
  }
  await page.context().close();
});

it('the operator chooses a tenant', async () => {
  const page = await fixture.openPage();
  const { adminKey } = fixture.test.dependencies;
  await page.getByLabel('API key').fill(adminKey);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('button', { name: 'A tenant' }).click();
  await page.getByRole('navigation').waitFor();
  await page.goto(`${fixture.url}#/jobs`);
  await expect.poll(() => page.getByRole('link', { name: fixture.jobIds[0] ?? '' }).count()).toBe(1);
  await page.context().close();
});

it('nothing that it did was an error of a script, or refused by the content security policy', () => {
  expect(fixture.complaints).toEqual([]);
});
