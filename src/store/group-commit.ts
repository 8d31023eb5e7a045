import { settleAll } from './coalesce.ts';
import { isTransientFault } from './database-faults.ts';
import type { Transactions, Tx } from './transactions.ts';

/**
 * Answered by work that must not share its transaction, before it has written anything: it would wait for a lock, or goes
 * back to a savepoint.
 */
export const alone = Symbol('needs a transaction of its own');

/** Items of one transaction. */
const groupSize = 50;
/** A group that takes longer, for it waits for a lock or has lost its server, keeps the next one waiting no more. */
const patienceMs = 100;
/** Items of one group that run by themselves at the same time. */
const aloneAtOnce = 8;

interface Waiting<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Group commit: items of one tenant that come while its transaction is under way share the next one, so that the cost
 * of an item falls as the load rises, without a timer. `work` runs for all items of a group side by side (the calls of
 * `coalesce` become set-based by that). In a group (`isShared`) it must not wait for a row's lock, or two groups could wait for each
 * other. A group that fails is rolled back, and each of its items gets a transaction of its own: one that cannot be written
 * spoils none of the others. An outage is told to all of them. An item that comes alone has its own transaction at once.
 */
export function createGroupCommit<Item, Result>(dependencies: {
  readonly transactions: Transactions;
  readonly work: (tx: Tx, item: Item, isShared: boolean) => Promise<Result | typeof alone>;
}): (tenantId: string, item: Item) => Promise<Result> {
  const { transactions, work } = dependencies;
  const queues = new Map<string, { readonly items: Waiting<Item, Result>[]; isBusy: boolean }>();

  async function runAlone(tenantId: string, { item, resolve, reject }: Waiting<Item, Result>): Promise<void> {
    try {
      const result = await transactions.withTenant(tenantId, (tx) => work(tx, item, false));
      if (result === alone) throw new Error('work that has a transaction of its own asked for one');
      resolve(result);
    } catch (error) {
      reject(error);
    }
  }

  /** Returns the items that must run by themselves. */
  async function runTogether(
    tenantId: string,
    group: readonly Waiting<Item, Result>[],
  ): Promise<Waiting<Item, Result>[]> {
    try {
      const results = await transactions.withTenant(tenantId, (tx) =>
        settleAll(group.map(async ({ item }) => work(tx, item, true))),
      );
      return group.filter((waiting, index) => {
        const result = results[index];
        if (result === alone || result === undefined) return true;
        waiting.resolve(result);
        return false;
      });
    } catch (error) {
      if (!(error instanceof Error) || !isTransientFault(error)) return [...group];
      for (const { reject } of group) reject(error);
      return [];
    }
  }

  /** One group of a tenant at a time: what comes meanwhile is the next one. */
  async function runNext(tenantId: string): Promise<void> {
    const queue = queues.get(tenantId);
    if (queue === undefined || queue.isBusy) return;
    queue.isBusy = true;
    for (let group = queue.items.splice(0, groupSize); group.length > 0; group = queue.items.splice(0, groupSize)) {
      await within(patienceMs, runGroup(tenantId, group));
    }
    queues.delete(tenantId);
  }

  /** Until the group is over; items that need transactions of their own, and may wait for locks in them, are not waited for. */
  async function runGroup(tenantId: string, group: readonly Waiting<Item, Result>[]): Promise<void> {
    const [first] = group;
    if (first !== undefined && group.length === 1) return runAlone(tenantId, first);
    const rest = await runTogether(tenantId, group);
    for (let lane = 0; lane < Math.min(aloneAtOnce, rest.length); lane += 1) void runRest(tenantId, rest);
  }

  async function runRest(tenantId: string, rest: Waiting<Item, Result>[]): Promise<void> {
    for (let next = rest.shift(); next !== undefined; next = rest.shift()) await runAlone(tenantId, next);
  }

  return (tenantId, item) =>
    new Promise((resolve, reject) => {
      const queue = queues.get(tenantId) ?? { items: [], isBusy: false };
      queues.set(tenantId, queue);
      queue.items.push({ item, resolve, reject });
      // What comes with the same reading of a socket, or from the same page, goes together.
      if (queue.items.length === 1 && !queue.isBusy) setImmediate(() => void runNext(tenantId));
    });
}

async function within(timeoutMs: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, timeoutMs);
  });
  await Promise.race([work, over]);
  clearTimeout(timer);
}
