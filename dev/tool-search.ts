/** A program found on this machine or fetched; `from` says where, in words for a log line. */
export interface FoundTool {
  path: string;
  version: string;
  from: string;
}

/** One place to look. Null: not there, and nothing to say about it. A thrown error's message is why it cannot serve. */
export type ToolSource = () => Promise<FoundTool | null>;

/**
 * The first source that has the tool; later ones are not asked. Rejects with one sentence that names the tool, what each
 * source said, and `remedy`.
 */
export async function findFirstTool(name: string, sources: readonly ToolSource[], remedy: string): Promise<FoundTool> {
  const reasons: string[] = [];
  for (const source of sources) {
    try {
      const found = await source();
      if (found !== null) return found;
    } catch (error) {
      reasons.push(error instanceof Error ? error.message : String(error));
    }
  }
  throw new Error(`Waypost found no ${name} (${reasons.join('; ')}); ${remedy}.`);
}

/** The first dotted number in a program's own words: `temporal version 1.9.1 (Server 1.32.0…)` is 1.9.1; null if none. */
export function parseVersion(text: string): string | null {
  return /\d+(?:\.\d+)+/.exec(text)?.[0] ?? null;
}

/** Compares dotted numbers part by part; a missing part counts as 0. */
export function isVersionAtLeast(version: string, oldest: string): boolean {
  const own = version.split('.').map(Number);
  const wanted = oldest.split('.').map(Number);
  for (const [index, part] of wanted.entries()) {
    const difference = (own[index] ?? 0) - part;
    if (difference !== 0) return difference > 0;
  }
  return true;
}
