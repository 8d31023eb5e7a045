/** `data` is the event's data as JSON text, as it was stored. */
export interface EventText {
  readonly id: string;
  readonly type: string;
  readonly createdAt: Date;
  readonly data: string;
}

/** The body of a delivery: the same event gives the same bytes, at every try. */
export function buildEnvelope({ id, type, createdAt, data }: EventText): string {
  const head = JSON.stringify({ id, type, timestamp: createdAt.toISOString() });
  return `${head.slice(0, -1)},"data":${data}}`;
}
