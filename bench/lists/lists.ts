import { loadavg } from 'node:os';
import { formatTable } from '../table.ts';
import { createBenchTenant, post } from '../tenant.ts';
import type { BenchContext, ScenarioReport } from '../scenario.ts';
import { describeServers, introduce, openProduct, openServers } from '../servers.ts';
import { describeCalls } from './calls.ts';
import { openExplainingApp } from './explaining-app.ts';
import { budgetMs, measureCall, type MeasuredCall, titles, toRow } from './measure-calls.ts';
import { type SeededTenant, seedTenant, settleTables } from './seed.ts';
import { findSubjects } from './subjects.ts';
import { scale, tenantSizes } from './sizes.ts';

const worstShown = 40;

/** Every list with every filter, over HTTP, on a system with a million finished jobs and a hundred thousand that wait. */
export async function runLists(context: BenchContext): Promise<ScenarioReport> {
  const { args, closing, log } = context;
  const servers = await openServers(context);
  const product = await openProduct(context, servers);
  const { apiUrl, adminKey, env } = product;
  const { databaseUrl } = servers.stack;
  const tenants: SeededTenant[] = [];
  for (const size of tenantSizes.map((each) => scale(each, args.scale))) {
    const tenant = await createFilledTenant(apiUrl, adminKey, size);
    await seedTenant(databaseUrl, tenant, log);
    tenants.push(tenant);
  }
  await settleTables(databaseUrl);
  const explaining = await closing.open(openExplainingApp(env));
  const measured: MeasuredCall[] = [];
  for (const tenant of tenants) {
    const subjects = await findSubjects(databaseUrl, tenant);
    for (const call of describeCalls(subjects)) {
      measured.push(await measureCall(call, { apiUrl, apiKey: tenant.apiKey, tenant: tenant.size.name, explaining }));
    }
    log(`${tenant.size.name}: ${measured.length} calls so far`);
  }
  const worst = measured.toSorted((a, b) => b.p95Ms - a.p95Ms);
  const late = measured.filter(({ p95Ms }) => p95Ms > budgetMs);
  const machine = await describeServers(context, servers);
  const text = [
    ...introduce(machine),
    `load average of the last minute and the last five: ${loadavg()
      .slice(0, 2)
      .map((each) => each.toFixed(1))
      .join(', ')}`,
    `${measured.length} calls, 20 times each; ${late.length} of them above ${budgetMs} ms at p95. The slowest:`,
    ...formatTable([titles, ...worst.slice(0, worstShown).map(toRow)]),
  ].join('\n');
  return { result: { scenario: args.scenario, settings: args, machine, measured }, text, isComplete: true };
}

async function createFilledTenant(apiUrl: string, adminKey: string, size: SeededTenant['size']): Promise<SeededTenant> {
  // Nobody listens there: nothing of what is stored is due.
  const { id, apiKey, channelId } = await createBenchTenant(apiUrl, adminKey, 'http://127.0.0.1:59999');
  const channelIds = [channelId];
  for (const name of ['lesser', 'paused', 'quiet']) {
    const secret = 'a-secret-of-no-one';
    const body = { kind: 'whatsapp', name, phoneNumberId: name, apiBaseUrl: 'http://127.0.0.1:59999/v23.0' };
    const secrets = { accessToken: secret, appSecret: secret, verifyToken: secret };
    channelIds.push((await post<{ id: string }>(`${apiUrl}/v1/channels`, apiKey, { ...body, ...secrets })).id);
  }
  const webhook = { url: 'http://127.0.0.1:59999/subscriber', events: ['webhook.*'] };
  const { id: webhookId } = await post<{ id: string }>(`${apiUrl}/v1/webhooks`, apiKey, webhook);
  return { id, apiKey, size, channelIds, webhookId };
}
