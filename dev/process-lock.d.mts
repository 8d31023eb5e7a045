export interface ProcessRecord {
  pid: number;
  identity: string;
}

export function identifyProcess(pid: number): string | null;
export function readLiveProcess(file: string): ProcessRecord | null;
export function recordProcess(file: string, pid: number): void;
export function takeLock(
  file: string,
  options: { waitMs: number; refusal: (ownerPid: number) => string },
): Promise<() => void>;
