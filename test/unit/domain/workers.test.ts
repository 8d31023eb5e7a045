import { expect, it } from 'vitest';
import { describeMissingWorkers, type WorkerHeartbeat } from '../../../src/domain/workers.ts';

const queues = ['workflows', 'sends'];
const worker = (members: Partial<WorkerHeartbeat> = {}): WorkerHeartbeat => ({
  queues,
  silentMs: 9_000,
  hasLeft: false,
  ...members,
});

it.each([
  ['nobody was ever there', [], 'no worker has been seen'],
  ['one is there', [worker()], null],
  ['one said nothing for 44 s', [worker({ silentMs: 44_000 })], null],
  ['one said nothing for 45 s', [worker({ silentMs: 45_000 })], 'no worker has been seen for 45 s'],
  ['the last one said goodbye', [worker({ silentMs: 22_000, hasLeft: true })], 'no worker has been seen for 22 s'],
  ['two share the queues', [worker({ queues: ['sends'] }), worker({ queues: ['workflows'] })], null],
  ['one queue is left out', [worker({ queues: ['workflows'] })], 'no worker serves sends'],
  ['all are gone', [worker({ silentMs: 400_000 }), worker({ silentMs: 130_000 })], 'no worker has been seen for 2 min'],
])('where %s', (_name, workers, missing) => {
  expect(describeMissingWorkers(workers, queues)).toBe(missing);
});
