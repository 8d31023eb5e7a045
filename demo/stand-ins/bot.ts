import type { Answer } from './answer.ts';
import { parseObject, toObject, toText, type JsonObject } from './json.ts';
import { type Recorder, startRecorder } from './recorder.ts';

export interface BotRequest {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly activity: JsonObject;
}

export interface Bot extends Recorder<BotRequest> {
  /** The values of the KPI events about a job (absent: all), oldest first, each activity id once. */
  kpiEvents(jobId?: string): readonly JsonObject[];
  /** The activities of type `message`, oldest first, repeats included. */
  messages(): readonly JsonObject[];
}

export interface BotOptions {
  readonly port?: number | undefined;
  readonly recordLimit?: number;
  /** The activities with which the bot answers a message (`expectReplies`); absent: none. */
  readonly reply?: (activity: JsonObject) => readonly JsonObject[];
}

const kpiName = 'waypost.kpi';
const notAnActivity: Answer = { status: 400, body: { error: 'The body is no Bot Framework activity.' } };

/**
 * Groot's place: `POST /` takes activities (Bot Framework), KPI events among them, and is as strict as the SDKs: an
 * activity without `type` or without `conversation.id` is refused. Scripts go by the activity's type.
 */
export async function startBot({ port, recordLimit, reply = () => [] }: BotOptions = {}): Promise<Bot> {
  const recorder: Recorder<BotRequest> = await startRecorder<BotRequest>({
    name: 'bot',
    port,
    recordLimit,
    read: ({ method, body }) => (method === 'POST' ? { at: Date.now(), activity: parseObject(body) ?? {} } : null),
    keyOf: ({ activity }) => toText(activity['type']) ?? '',
    reply({ activity }) {
      if (toText(activity['type']) === null || conversationOf(activity) === null) return { refusal: notAnActivity };
      return { body: activity['type'] === 'message' ? { activities: reply(activity) } : {} };
    },
    calls: {
      kpi: (_body, query) => kpiEvents(query.get('jobId') ?? undefined),
      messages: () => messages(),
    },
  });

  function kpiEvents(jobId?: string): readonly JsonObject[] {
    const byId = new Map<unknown, JsonObject>();
    for (const { activity } of recorder.requests.list()) {
      if (activity['type'] !== 'event' || activity['name'] !== kpiName) continue;
      const value = toObject(activity['value']) ?? {};
      if (jobId === undefined || value['jobId'] === jobId) byId.set(activity['id'], value);
    }
    return [...byId.values()];
  }

  function messages(): readonly JsonObject[] {
    return recorder.requests.list().flatMap(({ activity }) => (activity['type'] === 'message' ? [activity] : []));
  }

  return { ...recorder, kpiEvents, messages };
}

function conversationOf(activity: JsonObject): string | null {
  return toText(toObject(activity['conversation'])?.['id']);
}
