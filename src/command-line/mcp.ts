import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { z } from 'zod';
import { type Client, ProblemError } from '../client/index.ts';
import { describeError } from './exit-codes.ts';
import type { Input, Parameter, Verb } from './verb.ts';

/** What an agent gets at once; more is cut, and the tool says so. */
const maxAnswerChars = 100_000;

/** Serves verbs as tools on standard input and output until the agent goes, or the process is stopped. */
export async function serveTools(
  verbs: readonly Verb[],
  { client, signal }: { readonly client: Client; readonly signal: AbortSignal },
): Promise<void> {
  const server = createToolServer(verbs, client);
  const transport = new StdioServerTransport();
  await new Promise<void>((resolve, reject) => {
    server.server.onclose = resolve;
    process.stdin.once('end', resolve);
    signal.addEventListener('abort', () => resolve(), { once: true });
    server.connect(transport).catch(reject);
  });
  await server.close();
}

export function createToolServer(verbs: readonly Verb[], client: Client): McpServer {
  const server = new McpServer({ name: 'waypost', version: '0.1.0' });
  for (const verb of verbs) {
    const inputSchema = Object.fromEntries(verb.parameters.map((parameter) => [parameter.name, toShape(parameter)]));
    const annotations = { readOnlyHint: !verb.isWrite, openWorldHint: verb.isWrite };
    server.registerTool(
      verb.name.replaceAll(/[ -]/g, '_'),
      { description: verb.summary, inputSchema, annotations },
      async (input: Input) => {
        try {
          return {
            content: [{ type: 'text' as const, text: cut(JSON.stringify((await verb.run(client, input)) ?? null)) }],
          };
        } catch (error) {
          const text = error instanceof ProblemError ? JSON.stringify(error.problem) : describeError(error);
          return { content: [{ type: 'text' as const, text: cut(text) }], isError: true };
        }
      },
    );
  }
  return server;
}

function toShape({ kind = 'text', description, isRequired }: Parameter) {
  const shape = { text: z.string(), number: z.number().int().nonnegative(), flag: z.boolean() }[kind].describe(
    description,
  );
  return isRequired === true ? shape : shape.optional();
}

function cut(text: string): string {
  if (text.length <= maxAnswerChars) return text;
  return `${text.slice(0, maxAnswerChars)}… (cut: ask for fewer, or narrow it)`;
}
