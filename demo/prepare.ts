import { randomBytes } from 'node:crypto';
import { type Client, createClient } from './client.ts';
import { integrationName, merchants, noticeTexts, phoneNumberId, users } from './demo-settings.ts';
import type { StandIns } from './stage.ts';
import type { StateFile } from './state.ts';

const firstRetryMs = 300;
const ambiguousWindowMs = 1_000;
const integratorScheduleSeconds = [0, 1, 2, 4];

export interface Prepared {
  readonly client: Client;
  readonly apiKey: string;
  readonly channelId: string;
}

/**
 * Makes tenant, channel, integration and directory through the API, or takes those of an earlier run: the stand-ins have
 * new addresses in every run, and so the channel and the integration learn them.
 */
export async function prepareTenant(apiUrl: string, file: StateFile, standIns: StandIns): Promise<Prepared> {
  const { apiKey } = await ensureTenant(createClient(apiUrl, file.state.adminKey), file);
  const client = createClient(apiUrl, apiKey);
  const channelId = await ensureChannel(client, file, apiUrl, standIns);
  await ensureIntegration(client, file.state.integrationSecret, standIns.integrator.url);
  await fillDirectory(client);
  return { client, apiKey, channelId };
}

async function ensureTenant(admin: Client, file: StateFile): Promise<{ id: string; apiKey: string }> {
  const kept = file.state.tenant;
  if (kept !== null && (await admin.call('GET', `/v1/tenants/${kept.id}`)).status === 200) return kept;
  const made = await admin.ask<{ id: string; apiKey: string }>('POST', '/v1/tenants', { name: 'Demo' });
  const tenant = { id: made.id, apiKey: made.apiKey };
  file.save({ tenant, channelId: null });
  return tenant;
}

async function ensureChannel(client: Client, file: StateFile, apiUrl: string, standIns: StandIns): Promise<string> {
  const secrets = { accessToken: makeSecret(), appSecret: makeSecret(), verifyToken: makeSecret() };
  const settings = {
    name: 'Demo number',
    phoneNumberId,
    apiBaseUrl: `${standIns.kernel.url}/v23.0`,
    botUrl: standIns.bot.url,
    ...secrets,
    retryInitialMs: firstRetryMs,
    ambiguousWindowMs,
    userNotices: noticeTexts,
  };
  const kept = file.state.channelId;
  const known = kept !== null && (await client.call('GET', `/v1/channels/${kept}`)).status === 200;
  const channel = known
    ? await client.ask<{ id: string }>('PATCH', `/v1/channels/${kept}`, settings)
    : await client.ask<{ id: string }>('POST', '/v1/channels', { kind: 'whatsapp', ...settings });
  file.save({ channelId: channel.id });
  const callbackUrl = `${apiUrl}/v1/channels/${channel.id}/callbacks`;
  const { accessToken, appSecret } = secrets;
  standIns.kernel.setChannel({ phoneNumberId, accessToken, appSecret, callbackUrl });
  return channel.id;
}

async function ensureIntegration(client: Client, secret: string, url: string): Promise<void> {
  const path = `/v1/integrations/${integrationName}`;
  const settings = { url, retrySchedule: integratorScheduleSeconds };
  if ((await client.call('GET', path)).status === 200) await client.ask('PATCH', path, settings);
  else await client.ask('POST', '/v1/integrations', { name: integrationName, secret, ...settings });
}

async function fillDirectory(client: Client): Promise<void> {
  for (const { id, name } of Object.values(merchants)) {
    await client.ask('PUT', `/v1/directory/merchants/${id}`, { name, active: true });
  }
  const place = async (merchantId: string, user: { id: string; language: string }, active: boolean) => {
    const body = { active, roles: ['user'], language: user.language, push: { enabled: false, tokens: [] } };
    await client.ask('PUT', `/v1/directory/merchants/${merchantId}/users/${user.id}`, body);
  };
  await place(merchants.bakery.id, users.ana, true);
  await place(merchants.bakery.id, users.ben, true);
  await place(merchants.closed.id, users.former, false);
}

function makeSecret(): string {
  return randomBytes(18).toString('base64url');
}
