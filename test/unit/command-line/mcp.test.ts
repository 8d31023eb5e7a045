import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js';
import { afterEach, expect, it } from 'vitest';
import { createClient } from '../../../src/client/index.ts';
import { createToolServer } from '../../../src/command-line/mcp.ts';
import { allVerbs } from '../../../src/command-line/verbs/index.ts';
import { answer, aProblem, startScriptedServer } from '../../support/scripted-server.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function connect(verbs = allVerbs) {
  const api = await startScriptedServer(answer(200, { id: 'msg_1' }), answer(404, aProblem(404, 'not_found')));
  const server = createToolServer(verbs, createClient({ url: api.url, apiKey: 'wp_secret' }));
  const agent = new Client({ name: 'test', version: '1' });
  const [one, other] = InMemoryTransport.createLinkedPair();
  await Promise.all([server.connect(one), agent.connect(other)]);
  closers.push(() => agent.close(), api.close);
  return { agent, api };
}

it('serves each verb as a tool whose input is described, and marks those that only read', async () => {
  const { agent } = await connect();
  const { tools } = await agent.listTools();
  expect(tools.map(({ name }) => name)).toEqual(allVerbs.map(({ name }) => name.replaceAll(/[ -]/g, '_')));
  const show = tools.find(({ name }) => name === 'jobs_show');
  expect(show?.inputSchema.required).toEqual(['id']);
  expect(show?.annotations?.readOnlyHint).toBe(true);
  expect(tools.find(({ name }) => name === 'send')?.annotations?.readOnlyHint).toBe(false);
});

it('calls the api, and gives its refusal to the agent as a result', async () => {
  const { agent, api } = await connect();
  const call = () => agent.callTool({ name: 'jobs_show', arguments: { id: 'msg_1' } });
  expect(await call()).toMatchObject({ content: [{ type: 'text', text: '{"id":"msg_1"}' }] });
  expect(await call()).toMatchObject({ isError: true, content: [{ text: expect.stringContaining('not_found') }] });
  expect(api.calls.map(({ line }) => line)).toEqual(['GET /v1/jobs/msg_1', 'GET /v1/jobs/msg_1']);
});

it('has no tool that writes where only reading is allowed', async () => {
  const { agent } = await connect(allVerbs.filter(({ isWrite }) => !isWrite));
  const names = (await agent.listTools()).tools.map(({ name }) => name);
  expect(names).not.toContain('send');
  expect(names).toContain('jobs_explain');
  expect(await agent.callTool({ name: 'send', arguments: { to: '+346', text: 'x' } })).toMatchObject({ isError: true });
});
