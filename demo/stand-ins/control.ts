import type { ServerResponse } from 'node:http';
import { z } from 'zod';
import type { HttpServer, Incoming } from './http-server.ts';
import { parseObject, type JsonObject } from './json.ts';

const controlPath = '/__control';

/** A control call by its name: `POST /__control/script` is `script`; what it returns is the answer's JSON. */
export type ControlCalls = Readonly<Record<string, (body: JsonObject, query: URLSearchParams) => unknown>>;

const downSchema = z.strictObject({ forMs: z.int().min(0).max(600_000) });

/** Answers a call of the control API, by which other processes steer a stand-in; false when it is none. */
export async function answerControl(
  incoming: Incoming,
  response: ServerResponse,
  calls: ControlCalls,
): Promise<boolean> {
  if (!incoming.path.startsWith(controlPath)) return false;
  const name = incoming.path.slice(controlPath.length + 1);
  const call = Object.hasOwn(calls, name) ? calls[name] : undefined;
  if (call === undefined) {
    sendJson(response, 404, {
      error: `There is no control call "${name}"; there are: ${Object.keys(calls).join(', ')}.`,
    });
    return true;
  }
  try {
    sendJson(response, 200, (await call(parseObject(incoming.body) ?? {}, incoming.query)) ?? { ok: true });
  } catch (error) {
    sendJson(response, 400, { error: error instanceof Error ? error.message : String(error) });
  }
  return true;
}

/** `POST /__control/down {forMs}`: gone for that long, and then back by itself, as nobody could call it meanwhile. */
export function createDownCall(server: () => HttpServer): ControlCalls {
  return {
    down(body) {
      const { forMs } = downSchema.parse(body);
      // After the answer has left.
      setImmediate(() => void server().goDown());
      setTimeout(() => void server().comeBack(), forMs).unref();
    },
  };
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
