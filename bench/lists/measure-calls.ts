import type { ListCall } from './calls.ts';
import type { ExplainingApp } from './explaining-app.ts';

export const budgetMs = 50;
const timesEach = 20;

export interface MeasuredCall {
  readonly tenant: string;
  readonly name: string;
  /** The quickest: on a disturbed machine what comes nearest to the truth. */
  readonly bestMs: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly maxMs: number;
  /** Of the first answer. */
  readonly rowsGiven: number;
  readonly rowsRead: number;
  readonly indexes: readonly string[];
  /** Tables that were read from end to end. */
  readonly scanned: readonly string[];
  readonly plans: readonly string[];
}

/** Calls it 20 times, one after the other, over HTTP; and once where it says how it found the answer. */
export async function measureCall(
  call: ListCall,
  on: { readonly apiUrl: string; readonly apiKey: string; readonly tenant: string; readonly explaining: ExplainingApp },
): Promise<MeasuredCall> {
  const times: number[] = [];
  let rowsGiven = 0;
  for (let count = 0; count < timesEach; count += 1) {
    const startedMs = performance.now();
    const answer = await fetch(`${on.apiUrl}${call.path}`, {
      method: call.body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${on.apiKey}`, 'content-type': 'application/json' },
      ...(call.body !== undefined && { body: JSON.stringify(call.body) }),
    });
    const text = await answer.text();
    times.push(performance.now() - startedMs);
    if (!answer.ok) throw new Error(`${call.path} was answered with ${answer.status}: ${text}`);
    const { data, matched } = JSON.parse(text) as { data?: unknown[]; matched?: number }; // cast: the API's contract
    rowsGiven = data?.length ?? matched ?? 0;
  }
  const explained = await on.explaining.explain(call, on.apiKey);
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.ceil(share * sorted.length) - 1] ?? 0;
  return {
    tenant: on.tenant,
    name: call.name,
    bestMs: sorted[0] ?? 0,
    p50Ms: at(0.5),
    p95Ms: at(0.95),
    maxMs: at(1),
    rowsGiven,
    rowsRead: explained.reduce((sum, each) => sum + each.rowsRead, 0),
    indexes: [...new Set(explained.flatMap((each) => each.indexes))],
    scanned: [...new Set(explained.flatMap((each) => each.scanned))],
    plans: explained.map((each) => `${each.text}\n${each.plan}`),
  };
}

export function toRow(call: MeasuredCall): string[] {
  const ms = (value: number) => value.toFixed(1);
  const how = [...call.indexes, ...call.scanned.map((table) => `WHOLE ${table}`)].join(' ');
  return [
    call.tenant,
    call.name,
    ms(call.bestMs),
    ms(call.p50Ms),
    ms(call.p95Ms),
    ms(call.maxMs),
    String(call.rowsGiven),
    String(call.rowsRead),
    how,
  ];
}

export const titles = ['tenant', 'call', 'best ms', 'p50', 'p95', 'max', 'rows', 'read', 'by'];
