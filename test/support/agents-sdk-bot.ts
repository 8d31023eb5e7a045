import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  ActivityHandler,
  CloudAdapter,
  type Request,
  type TurnContext,
  type WebResponse,
} from '@microsoft/agents-hosting';

type ConversationReference = ReturnType<TurnContext['activity']['getConversationReference']>;

export interface SdkBot {
  readonly url: string;
  /** What each turn's activity said, oldest first. */
  readonly turns: readonly { readonly type: string; readonly text: string; readonly from: string }[];
  /** Where to reply later: the reference of the newest turn. */
  newestReference(): ConversationReference;
  /** Sends a message outside of a turn, by the reference's serviceUrl, as an agent does that has thought for long. */
  replyLater(reference: ConversationReference, text: string): Promise<void>;
  stop(): Promise<void>;
}

/** The id under which an agent without credentials runs. */
const anonymous = { clientId: '' };

/**
 * An agent of the Microsoft 365 Agents SDK as its samples write it, unmodified, without credentials. It answers a message
 * by what `answer` gives for its text.
 */
export async function startSdkBot(answer: (text: string) => readonly string[]): Promise<SdkBot> {
  const adapter = new CloudAdapter(anonymous);
  const turns: { type: string; text: string; from: string }[] = [];
  let newest: ConversationReference | null = null;

  const agent = new ActivityHandler();
  agent.onMessage(async (context, next) => {
    for (const text of answer(context.activity.text ?? '')) await context.sendActivity(text);
    await next();
  });

  const server = createServer((request, response) => {
    void serve(request, response).catch(() => response.writeHead(500).end());
  });

  async function serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const body: unknown = JSON.parse(await readBody(incoming));
    // What express gives to a route: the parsed body beside the headers; `user` is what its JWT middleware sets.
    const request = Object.assign(incoming, { body, user: CloudAdapter.createIdentity('') }) as Request;
    await adapter.process(request, asWebResponse(outgoing), async (context) => {
      const { type, text = '', from } = context.activity;
      turns.push({ type, text, from: from?.id ?? '' });
      // A KPI event about somebody else may come at any time.
      if (type === 'message') newest = context.activity.getConversationReference();
      await agent.run(context);
    });
  }

  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  // A server that listens on TCP has an address of this shape.
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/api/messages`,
    turns,
    newestReference() {
      if (newest === null) throw new Error('the bot has had no turn');
      return newest;
    },
    async replyLater(reference, text) {
      await adapter.continueConversation(CloudAdapter.createIdentity(''), reference, async (context) => {
        await context.sendActivity(text);
      });
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

async function readBody(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  // A request gives its body as buffers, for no encoding was set.
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

/** The little of express's response that the SDK uses. */
function asWebResponse(outgoing: ServerResponse): WebResponse {
  return {
    status(code) {
      outgoing.statusCode = code;
      return this;
    },
    setHeader(name, value) {
      outgoing.setHeader(name, value);
      return this;
    },
    send(body) {
      outgoing.end(typeof body === 'string' ? body : JSON.stringify(body));
      return this;
    },
    end() {
      outgoing.end();
      return this;
    },
    get headersSent() {
      return outgoing.headersSent;
    },
    get writableEnded() {
      return outgoing.writableEnded;
    },
  };
}
