import { isTransientFault } from '../../src/store/database-faults.ts';
import type { FaultLog } from '../../src/temporal/failures.ts';

/** A log of faults that keeps what is reported. */
export function createKeptFaults(isOutage: (error: Error) => boolean = isTransientFault, nowMs = Date.now) {
  const reports: { readonly fault: unknown; readonly ids: Readonly<Record<string, unknown>>; readonly id: string }[] =
    [];
  let lastOutageMs = 0;
  const faultLog: FaultLog = {
    isOutage(error) {
      const isOne = error instanceof Error && isOutage(error);
      if (isOne) faultLog.noteOutage();
      return isOne;
    },
    noteOutage() {
      lastOutageMs = nowMs();
    },
    sawOutageSince: (at) => lastOutageMs >= at.getTime(),
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
