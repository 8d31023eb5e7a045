import { showProblems } from '../problems/problem.ts';

/** `data` is the event's data as JSON text, as it was stored. */
export interface EventText {
  readonly id: string;
  readonly type: string;
  readonly createdAt: Date;
  readonly data: string;
}

/** The body of a delivery: the same event gives the same bytes, at every try. `publicUrl` has no trailing slash. */
export function buildEnvelope({ id, type, createdAt, data }: EventText, publicUrl: string): string {
  const head = JSON.stringify({ id, type, timestamp: createdAt.toISOString() });
  return `${head.slice(0, -1)},"data":${showEventData(data, publicUrl)}}`;
}

/** Most events hold no problem: their text is shown as it was stored. */
function showEventData(data: string, publicUrl: string): string {
  if (!data.includes('"/problems/')) return data;
  return JSON.stringify(showProblems(JSON.parse(data) as object, publicUrl)); // our own document
}
