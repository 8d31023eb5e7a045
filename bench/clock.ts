/** Milliseconds of the machine's monotonic clock: the same scale in every process of one machine, and never set back. */
export function readClockMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
