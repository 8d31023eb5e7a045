/** A step that serves `times` requests (absent: one). */
interface Repeatable {
  readonly times?: number | undefined;
}

/** What a stand-in was told to do, by key (a number, a token …); the key `*` serves every request without its own. */
export interface ScriptBook<Step extends Repeatable> {
  /** Adds steps behind those that the key still has. */
  add(key: string, steps: readonly Step[]): void;
  /** The next step for the key, then for `*`; null when nothing is scripted. */
  take(key: string): Step | null;
  clear(): void;
}

const anyKey = '*';

export function createScriptBook<Step extends Repeatable>(): ScriptBook<Step> {
  const scripts = new Map<string, { step: Step; left: number }[]>();

  function takeFrom(key: string): Step | null {
    const queue = scripts.get(key);
    const next = queue?.[0];
    if (queue === undefined || next === undefined) return null;
    next.left -= 1;
    if (next.left <= 0) queue.shift();
    if (queue.length === 0) scripts.delete(key);
    return next.step;
  }

  return {
    add(key, steps) {
      const queue = scripts.get(key) ?? [];
      queue.push(...steps.map((step) => ({ step, left: step.times ?? 1 })));
      scripts.set(key, queue);
    },
    take: (key) => takeFrom(key) ?? takeFrom(anyKey),
    clear: () => scripts.clear(),
  };
}
