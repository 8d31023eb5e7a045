import type { Tx } from './transactions.ts';

/** Calls that wait for the same statement. */
interface Batch {
  readonly flush: () => Promise<void>;
}

/** The statements that each transaction is about to make, in the order of their first calls. */
const pending = new WeakMap<Tx, Map<string, Batch>>();
let count = 0;

/**
 * Makes one statement of all calls that work of one transaction makes in the same turn of the event loop: the DataLoader
 * pattern. So code that is written for one row is set-based where several run side by side in a transaction, and a call
 * that is alone costs one statement, as ever. `run` gets the inputs in the order of the calls and answers in that order;
 * should it fail, all of them fail. Calls whose `shapeOf` differs need statements of their own. Statements go out in the order
 * of their first calls, behind those that were made directly in the same turn.
 */
export function coalesce<Input, Output>(
  run: (tx: Tx, inputs: readonly Input[]) => Promise<readonly Output[]>,
  shapeOf: (input: Input, tx: Tx) => string = () => '',
): (tx: Tx, input: Input) => Promise<Output> {
  const id = String((count += 1));
  const waiting = new WeakMap<
    Batch,
    { input: Input; resolve: (value: Output) => void; reject: (error: unknown) => void }[]
  >();

  function open(tx: Tx): Batch {
    const batch: Batch = {
      async flush() {
        const calls = waiting.get(batch) ?? [];
        try {
          const outputs = await run(
            tx,
            calls.map(({ input }) => input),
          );
          if (outputs.length !== calls.length)
            throw new Error('a coalesced statement has not answered each of its calls');
          // As many as there are calls.
          calls.forEach(({ resolve }, index) => resolve(outputs[index] as Output));
        } catch (error) {
          for (const { reject } of calls) reject(error);
        }
      },
    };
    waiting.set(batch, []);
    return batch;
  }

  return (tx, input) =>
    new Promise((resolve, reject) => {
      const batches = pending.get(tx) ?? new Map<string, Batch>();
      if (batches.size === 0) {
        pending.set(tx, batches);
        void endOfTurn().then(() => flush(tx));
      }
      const name = `${id} ${shapeOf(input, tx)}`;
      const batch = batches.get(name) ?? open(tx);
      batches.set(name, batch);
      waiting.get(batch)?.push({ input, resolve, reject });
    });
}

function flush(tx: Tx): void {
  const batches = pending.get(tx);
  pending.delete(tx);
  for (const batch of batches?.values() ?? []) void batch.flush();
}

/** Until all code that can run now has run, and before anything comes in: whoever is to join this turn has joined it. */
export async function endOfTurn(): Promise<void> {
  await Promise.resolve();
  await new Promise<void>((resolve) => {
    process.nextTick(resolve);
  });
}

/**
 * Waits for all of these, and throws what the first of them in order threw. Work side by side in one transaction must be
 * waited for so: what still ran after its end could reach the next transaction of the connection.
 */
export async function settleAll<T>(work: readonly Promise<T>[]): Promise<T[]> {
  const settled = await Promise.allSettled(work);
  return settled.map((each) => {
    if (each.status === 'rejected') throw each.reason;
    return each.value;
  });
}
