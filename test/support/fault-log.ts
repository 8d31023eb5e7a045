import type { FaultLog } from '../../src/temporal/failures.ts';

/** A log of faults that keeps what is reported. */
export function createKeptFaults() {
  const reports: { readonly fault: unknown; readonly ids: Readonly<Record<string, unknown>>; readonly id: string }[] =
    [];
  const faultLog: FaultLog = {
    report(fault, ids) {
      const known = reports.find((each) => each.fault === fault);
      if (known !== undefined) return known.id;
      const id = `flt_${reports.length + 1}`;
      reports.push({ fault, ids, id });
      return id;
    },
  };
  return { faultLog, reports };
}
