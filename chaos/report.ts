import type { Verdict } from './judge.ts';
import type { OutageReport } from './outages.ts';

const names: Readonly<Record<Exclude<keyof Verdict, 'accepted' | 'final' | 'duplicatedMarked'>, string>> = {
  lost: 'lost',
  duplicatedUnmarked: 'duplicated unmarked',
  sentAfterCancel: 'sent after cancel',
  sentAfterExpiry: 'sent after expiry',
  outOfOrder: 'out of order',
  wrongFinalState: 'wrong final state',
  wentBackwards: 'went backwards',
  missingKpi: 'missing KPI',
  missingWebhook: 'missing webhook',
  missingReport: 'missing error callback',
  failedTasks: 'failed workflow task',
};
const shownIds = 5;

/** Two tables: what was broken and how soon it was well again, and the accounts. */
export function describeRun(outages: readonly OutageReport[], verdict: Verdict): string {
  const lines = [
    line('outage', 'broken for ms', 'recovered in ms'),
    ...outages.map(({ name, brokenMs, recoveryMs }) => line(name, brokenMs, recoveryMs)),
    '',
    line('accepted', verdict.accepted),
    line('final', verdict.final),
    line('duplicated, marked', verdict.duplicatedMarked),
  ];
  for (const [key, name] of Object.entries(names)) {
    const ids = verdict[key as keyof typeof names]; // cast: entries forgets the keys
    lines.push(line(name, ids.length, ids.slice(0, shownIds).join(', ')));
  }
  return lines.join('\n');
}

function line(name: string, ...values: readonly (string | number)[]): string {
  return `${name.padEnd(44)}${values.map((value) => String(value).padStart(8)).join('  ')}`.trimEnd();
}
