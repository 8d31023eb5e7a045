import { z } from 'zod';
import { type Answer, answerSchema, giveAnswer } from './answer.ts';
import { type BoundedRecord, createBoundedRecord } from './bounded-record.ts';
import { answerControl, type ControlCalls, createDownCall } from './control.ts';
import { type HttpServer, type Incoming, startHttpServer } from './http-server.ts';
import { createPauses } from './pauses.ts';
import { createScriptBook } from './script-book.ts';

const defaultRecordLimit = 20_000;

export interface Recorder<Entry> extends HttpServer {
  /** Everything that came, unless its connection was reset before the body. */
  readonly requests: BoundedRecord<Entry>;
  /** The next requests with this key (`*`: any) are answered so, one step after the other. */
  script(key: string, answers: readonly Answer[]): void;
  /** What is answered when no script has a step; null: the stand-in's own good answer. */
  answerAlways(answer: Answer | null): void;
  /** Forgets records, scripts and the standing answer. */
  clear(): void;
}

export interface RecorderOptions<Entry> {
  readonly name: string;
  readonly port?: number | undefined;
  readonly recordLimit?: number | undefined;
  /** Reads a request; null: no such path (404). */
  readonly read: (incoming: Incoming) => Entry | null;
  readonly keyOf: (entry: Entry) => string;
  /** The body of a good answer, unless a refusal is due by the request itself. */
  readonly reply: (entry: Entry) => { body: unknown } | { refusal: Answer };
  readonly calls?: ControlCalls;
}

const scriptSchema = z.strictObject({ key: z.string().max(1_000), answers: z.array(answerSchema).max(1_000) });
const alwaysSchema = z.strictObject({ answer: answerSchema.nullable() });

/** The common part of the stand-ins that only listen: record, answer as scripted, and let other processes steer. */
export async function startRecorder<Entry>(options: RecorderOptions<Entry>): Promise<Recorder<Entry>> {
  const { name, port, recordLimit = defaultRecordLimit, read, keyOf, reply } = options;
  const requests = createBoundedRecord<Entry>(recordLimit);
  const book = createScriptBook<Answer>();
  const pauses = createPauses();
  let standing: Answer | null = null;

  const recorder = {
    requests,
    script: (key: string, answers: readonly Answer[]) => book.add(key, answers),
    answerAlways(answer: Answer | null) {
      standing = answer;
    },
    clear() {
      requests.clear();
      book.clear();
      standing = null;
    },
  };
  const calls: ControlCalls = {
    state: () => ({ total: requests.total }),
    requests: () => requests.list(),
    script(body) {
      const { key, answers } = scriptSchema.parse(body);
      recorder.script(key, answers);
    },
    always: (body) => recorder.answerAlways(alwaysSchema.parse(body).answer),
    clear: () => recorder.clear(),
    ...createDownCall(() => server),
    ...options.calls,
  };

  const server = await startHttpServer({
    name,
    port,
    async handle(incoming, response) {
      if (await answerControl(incoming, response, calls)) return;
      const entry = read(incoming);
      if (entry === null) return void response.writeHead(404).end();
      const scripted = book.take(keyOf(entry)) ?? standing;
      if (scripted?.fault !== 'reset_before_body') requests.add(entry);
      const own = reply(entry);
      if (scripted === null && 'refusal' in own) return giveAnswer(response, own.refusal, { pauses, body: {} });
      await giveAnswer(response, scripted ?? {}, { pauses, body: 'body' in own ? own.body : {} });
    },
  });
  return {
    ...server,
    ...recorder,
    async stop() {
      pauses.end();
      await server.stop();
    },
  };
}
