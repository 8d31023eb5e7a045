import { describe, expect, it } from 'vitest';
import { alone, createGroupCommit } from '../../../src/store/group-commit.ts';
import type { Transactions, Tx } from '../../../src/store/transactions.ts';

const tx: Tx = { query: async () => [], execute: async () => 0, startAfterCommit: () => undefined };

/** Transactions that are told of, by their tenants. */
function createTransactions() {
  const begun: string[] = [];
  const transactions: Transactions = {
    withTenant: async (tenantId, work) => {
      begun.push(tenantId);
      await new Promise((resolve) => setTimeout(resolve, 5));
      return work(tx);
    },
    acrossTenants: async (work) => work(tx),
  };
  return { begun, transactions };
}

function outage(): Error {
  return Object.assign(new Error('the server shuts down'), { code: '57P01' });
}

describe('a group commit', () => {
  it('is one transaction for what comes together, and one for what comes meanwhile, each tenant by itself', async () => {
    const { begun, transactions } = createTransactions();
    const commit = createGroupCommit<number, number>({ transactions, work: async (_tx, item) => item });
    const first = [1, 2, 3].map((item) => commit('a', item));
    await new Promise((resolve) => setTimeout(resolve, 2));
    const others = [commit('a', 4), commit('b', 5), commit('a', 6)];
    expect(await Promise.all([...first, ...others])).toEqual([1, 2, 3, 4, 5, 6]);
    expect(begun.toSorted()).toEqual(['a', 'a', 'b']);
  });

  it('takes fifty at the most', async () => {
    const { begun, transactions } = createTransactions();
    const commit = createGroupCommit<number, number>({ transactions, work: async (_tx, item) => item });
    await Promise.all(Array.from({ length: 120 }, (_, item) => commit('a', item)));
    expect(begun).toHaveLength(3);
  });

  it('gives a transaction of its own to what asks for one, and to each of a group that fails', async () => {
    const { begun, transactions } = createTransactions();
    const commit = createGroupCommit<string, string>({
      transactions,
      work: async (_tx, item, isShared) => {
        if (item === 'poison') throw new Error(item);
        return isShared && item === 'shy' ? alone : `${item} ${isShared ? 'shared' : 'alone'}`;
      },
    });
    expect(await Promise.all([commit('a', 'one'), commit('a', 'shy')])).toEqual(['one shared', 'shy alone']);
    expect(begun).toHaveLength(2);
    const settled = await Promise.allSettled(['one', 'poison', 'two'].map((item) => commit('a', item)));
    expect(settled).toMatchObject([{ value: 'one alone' }, { reason: { message: 'poison' } }, { value: 'two alone' }]);
    expect(begun).toHaveLength(6);
  });

  it('tells an outage to all, and tries none of them by itself', async () => {
    const { begun, transactions } = createTransactions();
    const commit = createGroupCommit<number, number>({
      transactions,
      work: async () => {
        throw outage();
      },
    });
    const settled = await Promise.allSettled([commit('a', 1), commit('a', 2)]);
    expect(settled.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(begun).toHaveLength(1);
  });

  it('is kept waiting by none that waits for a lock', async () => {
    const { transactions } = createTransactions();
    let free: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      free = resolve;
    });
    const commit = createGroupCommit<string, string>({
      transactions,
      work: async (_tx, item) => {
        if (item === 'held') await held;
        return item;
      },
    });
    const waiting = commit('a', 'held');
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(await commit('a', 'next')).toBe('next');
    free();
    expect(await waiting).toBe('held');
  });
});
