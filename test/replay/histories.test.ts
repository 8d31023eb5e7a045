import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { DefaultLogger, makeTelemetryFilterString, Runtime } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { workflowNames } from '../../src/contracts/workflow-names.ts';
import { bundleWorkflows, createReplayer, type Replayer } from '../support/workflow-bundle.ts';
import { shapes } from './shapes.ts';

const folder = new URL('./histories/', import.meta.url);
const reorderedPath = fileURLToPath(new URL('./fixtures/reordered-workflows.ts', import.meta.url));
const names = readdirSync(folder)
  .filter((file) => file.endsWith('.json'))
  .map((file) => file.replace(/\.json$/, ''));

function readHistory(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8'));
}

/** The shape whose history, or whose n-th run, a file holds. */
function shapeOf(name: string): string {
  return name.replace(/-\d+$/, '');
}

let present: Replayer;
let reordered: Replayer;
beforeAll(async () => {
  const logging = { filter: makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' }) };
  Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions: { logging } });
  const bundles = await Promise.all([bundleWorkflows(), bundleWorkflows(reorderedPath)]);
  [present, reordered] = [createReplayer(bundles[0]), createReplayer(bundles[1])];
});
afterAll(() => Promise.all([present, reordered].map((each) => each.close())));

describe('a history that a real server kept', () => {
  it('is there for every shape, and nothing else is', () => {
    expect([...new Set(names.map(shapeOf))].toSorted()).toEqual(Object.keys(shapes).toSorted());
    expect(new Set(Object.values(shapes).map(({ workflow }) => workflow))).toEqual(new Set(workflowNames));
  });

  it('carries the flags without which a replay checks less', () => {
    for (const name of names) expect(JSON.stringify(readHistory(name)), name).toContain('coreUsedFlags');
  });

  it.each(names)('is told again by the present workflows: %s', async (name) => {
    await expect(present.replay(readHistory(name), shapeOf(name))).resolves.toBeUndefined();
  });

  it.each(names)('is not told by workflows that do things in another order: %s', async (name) => {
    await expect(reordered.replay(readHistory(name), shapeOf(name))).rejects.toThrow(DeterminismViolationError);
  });
});

interface RecordedEvent {
  readonly activityTaskScheduledEventAttributes?: {
    readonly activityType: { readonly name: string };
    readonly input: { readonly payloads: readonly { readonly data: string }[] };
  };
}

/** The first recipient of each page that a run asked for. */
function pagesOf(name: string): number[] {
  // The shape is Temporal's, as `historyToJSON` writes it.
  const { events } = readHistory(name) as { events: readonly RecordedEvent[] };
  return events.flatMap(({ activityTaskScheduledEventAttributes: scheduled }) => {
    if (!['processPage', 'saveNotifications'].includes(scheduled?.activityType.name ?? '')) return [];
    const text = Buffer.from(scheduled?.input.payloads[0]?.data ?? '', 'base64').toString();
    return [(JSON.parse(text) as { fromOrdinal: number }).fromOrdinal]; // our own input
  });
}

describe('a batch that continued as new', () => {
  it.each(['batch-large', 'batch-by-pages'])('went on where it had stopped, every page once, in order: %s', (shape) => {
    const runs = names.filter((name) => shapeOf(name) === shape).toSorted();
    expect(runs.length).toBeGreaterThan(1);
    const pages = runs.flatMap(pagesOf);
    expect(pages).toEqual(Array.from({ length: 20 }, (_, index) => index * 1_000));
  });
});

it('a batch for a few users took one workflow task and 11 events', () => {
  const { events } = readHistory('batch-short') as { events: readonly object[] }; // Temporal's shape
  expect(events).toHaveLength(11);
  expect(events.filter((event) => 'workflowTaskCompletedEventAttributes' in event)).toHaveLength(1);
});
