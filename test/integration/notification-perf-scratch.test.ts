import { afterAll, beforeAll, it } from 'vitest';
import { openBatchBench, type BatchBench } from '../support/notification-batch.ts';
let bench: BatchBench;
beforeAll(async () => { bench = await openBatchBench(); });
afterAll(() => bench.close());
for (const [n, bad] of [[10_000, 0], [10_000, 10_000], [100_000, 0], [100_000, 100_000]] as const) {
  it(`perf ${n} ${bad}`, async () => {
    const users = Array.from({ length: n }, (_, i) => `64e5fe2e34951d5b44${String(i).padStart(6, '0')}`);
    const m = `m${n}${bad}`;
    if (bad === 0) for (let i = 0; i < n; i += 5000) await bench.register(m, users.slice(i, i + 5000)); else await bench.register(m, ['x']);
    await bench.asOwner('analyze');
    const t0 = performance.now();
    const job = await bench.accept([{ merchantId: m, userIds: users }]);
    const t1 = performance.now();
    const ref = { tenantId: bench.tenantId, jobId: job.id };
    const opened = await bench.activities.openBatch(ref);
    const t2 = performance.now();
    for (let f = 0; f < opened.recipients; f += 1000) await bench.activities.processPage({ ...ref, fromOrdinal: f, size: 1000 });
    const t3 = performance.now();
    await bench.activities.prepareErrorCallbacks(ref);
    const t4 = performance.now();
    let s = { pending: 0, nextDueMs: null as number | null };
    if (bad > 0 && bad <= 10_000) do { s = await bench.activities.sendErrorCallbacks(ref); } while (s.nextDueMs !== null);
    const t5 = performance.now();
    if (bad <= 10_000) await bench.activities.closeBatch(ref);
    const t6 = performance.now();
    console.log(n, bad, 'accept', t1 - t0 | 0, 'open', t2 - t1 | 0, 'pages', t3 - t2 | 0, 'prepare', t4 - t3 | 0, 'send', t5 - t4 | 0, 'close', t6 - t5 | 0, 'rss', process.memoryUsage().rss / 1e6 | 0, (await bench.look(job)).counts);
  }, 300_000);
}
