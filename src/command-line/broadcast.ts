import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { readCsv } from './csv-lines.ts';
import { exitCodes } from './exit-codes.ts';
import type { LinesSession } from './session.ts';
import { createProgressBar } from './terminal.ts';
import { buildTemplate } from './verbs/jobs.ts';
import { UsageError } from './verb.ts';

interface BroadcastOptions {
  readonly template: string;
  readonly language: string;
  readonly parameters?: string;
  readonly channelId?: string;
  readonly category?: string;
  readonly label: string;
  readonly rate: number;
  readonly preview?: boolean;
}

interface Row {
  readonly line: number;
  readonly message: { readonly to: string };
}

/** The api takes 500; fewer make the pace smoother. */
const maxBatch = 100;
const maxShownMistakes = 1_000;

/**
 * Sends a template to each line of a CSV file at a pace. Each batch has an idempotency key of its label and its content, so that the same
 * command, begun again after it was interrupted, sends nobody twice within the 24 hours that keys are kept.
 */
export async function broadcast(session: LinesSession, options: BroadcastOptions): Promise<number> {
  const { client, terminal, signal, show } = session;
  const { label, rate, preview = false } = options;
  if (rate < 1 || rate > 10_000) throw new UsageError('--rate is a number from 1 to 10000.');
  const columns = options.parameters === undefined ? [] : options.parameters.split(',').map((name) => name.trim());
  const bar = createProgressBar(terminal);
  const pace = createPace(rate, signal);
  const result = { lines: 0, accepted: 0, refused: 0, mistakes: [] as { line: number; mistake: string }[] };
  const batchSize = Math.min(maxBatch, Math.max(1, rate));
  let batch: Row[] = [];

  function note(line: number, mistake: string): void {
    result.refused += 1;
    if (result.mistakes.length < maxShownMistakes) result.mistakes.push({ line, mistake });
    terminal.err(`line ${line}: ${mistake}\n`);
  }

  async function send(): Promise<void> {
    const rows = batch;
    batch = [];
    if (rows.length === 0) return;
    await pace(rows.length);
    const messages = rows.map(({ message }) => message);
    const key = createHash('sha256').update(JSON.stringify({ label, messages })).digest('hex');
    const body = { messages, label };
    const answer = await client.post('/v1/messages/batch', {
      body,
      params: { header: { 'Idempotency-Key': key } },
      signal,
    });
    result.accepted += answer.accepted;
    for (const [index, item] of answer.data.entries()) {
      if ('code' in item) note(rows[index]?.line ?? 0, `${item.code}: ${item.detail}`);
    }
    bar.show(result.accepted + result.refused, null, `messages, ${result.refused} refused`);
  }

  for await (const row of readCsv(session.lines, ['to', ...columns])) {
    result.lines += 1;
    if ('mistake' in row) {
      note(row.line, row.mistake);
      continue;
    }
    const parameters = columns.map((column) => row.cells[column] ?? '');
    const message = {
      to: row.cells['to'] ?? '',
      whatsapp: buildTemplate(options.template, options.language, parameters),
      ...(options.channelId !== undefined && { channelId: options.channelId }),
      ...(options.category !== undefined && { category: options.category }),
    };
    if (preview) {
      // The api renders and judges the first line; the rest of the file is only read.
      if (result.accepted === 0) {
        const body = { ...message } as { to: string };
        terminal.err(`${JSON.stringify(await client.post('/v1/messages/preview', { body }), null, 2)}\n`);
      }
      result.accepted += 1;
      continue;
    }
    batch.push({ line: row.line, message });
    if (batch.length >= batchSize) await send();
  }
  await send();
  bar.end();
  const words = preview ? 'would be sent' : 'accepted';
  show(
    { ...result, label },
    `${result.lines} lines: ${result.accepted} ${words}, ${result.refused} refused (label ${label}).`,
  );
  return result.refused === 0 ? exitCodes.ok : exitCodes.partly;
}

/** Lets so many a second through: `await pace(n)` returns when the next n may go. */
export function createPace(ratePerSecond: number, signal: AbortSignal, nowMs: () => number = () => performance.now()) {
  let freeAtMs = nowMs();
  return async function pace(count: number): Promise<void> {
    const waitMs = freeAtMs - nowMs();
    if (waitMs > 0) await sleep(waitMs, undefined, { signal });
    freeAtMs = Math.max(freeAtMs, nowMs()) + (count / ratePerSecond) * 1_000;
  };
}
