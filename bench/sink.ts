import { setTimeout as sleep } from 'node:timers/promises';
import { startBenchProcess } from './processes.ts';
import type { SinkCounts, SinkOrder, SinkTarget, SinkWord } from './processes/sink.ts';

const pollMs = 20;
const patienceMs = 600_000;

export interface Sink {
  readonly pid: number;
  /** Where this subject sends to; what comes there is counted as its own. */
  urlOf(subject: string): string;
  /** Where this subject's callbacks go from now on. */
  callBack(subject: string, target: SinkTarget): void;
  /** Called for each message whose last callback was answered with 200, whatever the subject. */
  onDelivered(listener: (jobId: string, atMs: number) => void): void;
  count(subject: string): Promise<SinkCounts>;
  /** Waits until so many deliveries of all subjects were confirmed, at most 10 min; resolves with when the last one was. */
  waitForDelivered(count: number): Promise<number>;
  stop(): Promise<void>;
}

/** The other side of every delivery, in a process of its own. */
export async function openSink(environment: NodeJS.ProcessEnv): Promise<Sink> {
  const sink = startBenchProcess<SinkOrder, SinkWord>('sink', environment);
  const { port } = await sink.waitFor((word) => word.kind === 'listening');
  const delivered = { count: 0, lastMs: 0 };
  sink.onWord((word) => {
    if (word.kind !== 'delivered') return;
    delivered.count += 1;
    delivered.lastMs = word.atMs;
  });
  return {
    pid: sink.pid,
    urlOf: (subject) => `http://127.0.0.1:${port}/${subject}`,
    callBack: (subject, target) => sink.order({ kind: 'target', subject, target }),
    onDelivered: (listener) =>
      sink.onWord((word) => {
        if (word.kind === 'delivered') listener(word.jobId, word.atMs);
      }),
    async count(subject) {
      const isCounts = (word: SinkWord): word is Extract<SinkWord, { kind: 'counts' }> =>
        word.kind === 'counts' && word.subject === subject;
      const counted = sink.waitFor(isCounts);
      sink.order({ kind: 'count', subject });
      return (await counted).counts;
    },
    async waitForDelivered(count) {
      const deadlineMs = Date.now() + patienceMs;
      while (delivered.count < count && Date.now() < deadlineMs) await sleep(pollMs);
      return delivered.lastMs;
    },
    stop: () => sink.stop(),
  };
}
