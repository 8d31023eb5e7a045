import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JobStart } from '../../../src/domain/job-start.ts';
import { startGraceMs } from '../../../src/domain/acceptance.ts';
import { createDispatchQueue } from '../../../src/temporal/dispatch-queue.ts';
import { aStart, starts } from '../../support/a-start.ts';

const anyone = () => true;
const ids = (batch: { readonly starts: readonly JobStart[] } | null) => batch?.starts.map(({ id }) => id) ?? null;

function takeAll(queue: ReturnType<typeof createDispatchQueue>, nowMs = 0) {
  const taken = [];
  for (let batch = queue.take(anyone, nowMs); batch !== null; batch = queue.take(anyone, nowMs)) taken.push(batch);
  return taken;
}

describe('the dispatch queue', () => {
  it('makes pages of what has never been attempted, of one tenant each', () => {
    const queue = createDispatchQueue({ size: 1_000, pageSize: 50 });
    queue.add([...starts('a', 120), ...starts('b', 30)], 0);
    const taken = takeAll(queue);
    expect(taken.map(({ tenantId, starts: page }) => [tenantId, page.length])).toEqual([
      ['a', 50],
      ['b', 30],
      ['a', 50],
      ['a', 20],
    ]);
    expect(queue.length()).toBe(0);
  });

  it('starts one by one what is no first attempt, in its order', () => {
    const queue = createDispatchQueue({ size: 100, pageSize: 50 });
    queue.add([aStart('1'), aStart('2'), aStart('3', { isFirstAttempt: false, isWake: true }), aStart('4')], 0);
    expect(takeAll(queue).map(ids)).toEqual([['1', '2'], ['3'], ['4']]);
  });

  it('makes no pages where each message is to have its own workflow', () => {
    const queue = createDispatchQueue({ size: 100, pageSize: 1 });
    queue.add(starts('a', 20), 0);
    expect(takeAll(queue).every((batch) => batch.starts.length === 1)).toBe(true);
  });

  it('takes answers to people first, then single messages, then bulk; and bulk in its turn all the same', () => {
    const queue = createDispatchQueue({ size: 1_000, pageSize: 1 });
    queue.add(starts('a', 10), 0);
    queue.add([aStart('single', { tenantId: 'a' })], 0);
    for (let n = 0; n < 6; n += 1) queue.add([aStart(`answer-${n}`, { tenantId: 'a', isAnswer: true })], 0);
    const order = takeAll(queue).map(({ priority }) => priority);
    expect(order.slice(0, 4)).toEqual(['answer', 'answer', 'answer', 'bulk']);
    expect(order.indexOf('single')).toBeLessThan(order.lastIndexOf('bulk') - 7);
  });

  it('takes turns between tenants whatever their backlogs, and passes by who may not start', () => {
    const queue = createDispatchQueue({ size: 10_000, pageSize: 50 });
    queue.add(starts('a', 1_000), 0);
    queue.add(starts('b', 100), 0);
    queue.add(starts('c', 100), 0);
    const turns = [0, 1, 2, 3].map(() => queue.take(anyone, 0)?.tenantId);
    expect(turns).toEqual(['a', 'b', 'c', 'a']);
    expect(queue.take((tenantId) => tenantId === 'c', 0)?.tenantId).toBe('c');
    expect(queue.take(() => false, 0)).toBeNull();
  });

  it('leaves room for others when one tenant floods it', () => {
    const queue = createDispatchQueue({ size: 100, pageSize: 10 });
    queue.add(starts('a', 1_000), 0);
    expect(queue.length()).toBe(50);
    queue.add([aStart('late', { tenantId: 'b' })], 0);
    expect(queue.length()).toBe(51);
  });

  it('forgets what has waited for longer than the start grace: the sweep has it', () => {
    const queue = createDispatchQueue({ size: 100, pageSize: 50 });
    queue.add([aStart('old')], 0);
    queue.add([aStart('fresh')], startGraceMs);
    expect(takeAll(queue, startGraceMs + 1).map(ids)).toEqual([['fresh']]);
    queue.add([aStart('older')], 0);
    expect(queue.take(anyone, startGraceMs + 1)).toBeNull();
    expect(queue.length()).toBe(0);
  });

  it('neither loses nor doubles what it took in, and never mixes tenants or priorities', () => {
    const someStart = fc.record({
      tenantId: fc.constantFrom('a', 'b', 'c'),
      isFirstAttempt: fc.boolean(),
      isAnswer: fc.boolean(),
    });
    fc.assert(
      fc.property(
        fc.array(fc.array(someStart, { maxLength: 20 }), { maxLength: 10 }),
        fc.integer({ min: 1, max: 8 }),
        (commits, pageSize) => {
          const queue = createDispatchQueue({ size: 10_000, pageSize });
          let count = 0;
          for (const commit of commits)
            queue.add(
              commit.map((members) => aStart(String((count += 1)), members)),
              0,
            );
          const taken = takeAll(queue);
          expect(
            taken.flatMap(({ starts: page }) => page.map(({ id }) => Number(id))).toSorted((a, b) => a - b),
          ).toEqual(Array.from({ length: count }, (_, index) => index + 1));
          for (const { tenantId, priority, starts: page } of taken) {
            expect(page.length).toBeLessThanOrEqual(pageSize);
            expect(page.every((start) => start.tenantId === tenantId)).toBe(true);
            expect(page.every((start) => start.isAnswer === (priority === 'answer'))).toBe(true);
            expect(page.length === 1 || page.every((start) => start.isFirstAttempt)).toBe(true);
          }
          expect(queue.length()).toBe(0);
        },
      ),
    );
  });
});
