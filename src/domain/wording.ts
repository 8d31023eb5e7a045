/** A count with its noun: `1 error callback`, `3 error callbacks`. */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : plural}`;
}

const units = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
] as const;

/** Rounded to what a person needs: `0 s`, `31 s`, `12 min`, `5 h`, `3 d`; a unit is used from two of it on. */
export function describeDuration(ms: number): string {
  const [name, size] = units.find(([, each]) => ms >= 2 * each) ?? ['s', 1_000];
  return `${Math.max(0, Math.floor(ms / size))} ${name}`;
}

/** The first letter in upper case, and a full stop: a clause becomes a sentence. */
export function toSentence(clause: string): string {
  return `${clause.charAt(0).toUpperCase()}${clause.slice(1)}.`;
}
