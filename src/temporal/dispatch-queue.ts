import { startGraceMs } from '../domain/acceptance.ts';
import type { JobStart } from '../domain/job-start.ts';
import type { StartPriority } from './job-workflow.ts';

/** So many messages of one tenant in one commit are bulk: nobody waits for the first of them. */
const bulkMessages = 8;
const priorities: readonly StartPriority[] = ['answer', 'single', 'bulk'];
/** Every so many turns the order is the other way round, so that bulk goes on under any load of answers. */
const turnsPerReversal = 4;

/** What goes into one workflow: one job, or several never-attempted messages of one tenant. */
export interface Batch {
  readonly tenantId: string;
  readonly priority: StartPriority;
  readonly starts: readonly [JobStart, ...JobStart[]];
}

interface Entry {
  readonly start: JobStart;
  readonly addedMs: number;
}

/**
 * Jobs that wait to be started. Within a priority, tenants take turns in rotation. Bounded twice: by `size` altogether, and
 * each tenant's entries of a priority by as many as are still free, so that no tenant can fill it for the others. What is
 * not taken in, or waits for longer than the start grace, is left to the sweep.
 */
export function createDispatchQueue({ size, pageSize }: { readonly size: number; readonly pageSize: number }) {
  // A map remembers the order in which its keys came: the first tenant's turn is next.
  const waiting: Readonly<Record<StartPriority, Map<string, Entry[]>>> = {
    answer: new Map(),
    single: new Map(),
    bulk: new Map(),
  };
  let length = 0;
  let turns = 0;

  function add(starts: readonly JobStart[], nowMs: number): void {
    const bulkTenants = findBulkTenants(starts);
    for (const start of starts) {
      const priority = start.isAnswer ? 'answer' : bulkTenants.has(start.tenantId) ? 'bulk' : 'single';
      const tenants = waiting[priority];
      const entries = tenants.get(start.tenantId) ?? [];
      if (entries.length >= size - length) continue;
      entries.push({ start, addedMs: nowMs });
      tenants.set(start.tenantId, entries);
      length += 1;
    }
  }

  /** The next workflow's worth of a tenant that `mayStart`; null = there is none. */
  function take(mayStart: (tenantId: string) => boolean, nowMs: number): Batch | null {
    const order = turns % turnsPerReversal === turnsPerReversal - 1 ? priorities.toReversed() : priorities;
    for (const priority of order) {
      const tenants = waiting[priority];
      for (const [tenantId, entries] of tenants) {
        if (!mayStart(tenantId)) continue;
        tenants.delete(tenantId);
        dropOld(entries, nowMs);
        const starts = takePage(entries);
        // Behind all others.
        if (entries.length > 0) tenants.set(tenantId, entries);
        const [first, ...rest] = starts;
        if (first === undefined) continue;
        turns += 1;
        return { tenantId, priority, starts: [first, ...rest] };
      }
    }
    return null;
  }

  function dropOld(entries: Entry[], nowMs: number): void {
    const fresh = entries.findIndex(({ addedMs }) => nowMs - addedMs <= startGraceMs);
    length -= entries.splice(0, fresh === -1 ? entries.length : fresh).length;
  }

  function takePage(entries: Entry[]): JobStart[] {
    const other = entries.findIndex(({ start }) => !start.isFirstAttempt);
    const fit = Math.min(other === -1 ? entries.length : other, pageSize);
    const taken = entries.splice(0, Math.max(fit, 1));
    length -= taken.length;
    return taken.map(({ start }) => start);
  }

  return { add, take, length: () => length };
}

function findBulkTenants(starts: readonly JobStart[]): ReadonlySet<string> {
  const messages = new Map<string, number>();
  for (const { tenantId } of starts) messages.set(tenantId, (messages.get(tenantId) ?? 0) + 1);
  return new Set([...messages].filter(([, count]) => count >= bulkMessages).map(([tenantId]) => tenantId));
}
