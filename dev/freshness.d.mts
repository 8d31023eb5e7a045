export interface LockedPackage {
  version?: string;
  integrity?: string;
  optional?: boolean;
  devOptional?: boolean;
}

export interface FolderState {
  stampFile: string;
  stamp: string;
  isCurrent: boolean;
}

export function installState(projectDir: string): FolderState & { isStamped: boolean };
export function buildState(projectDir: string): FolderState;
export function matchesLock(
  installed: { packages: Record<string, LockedPackage> },
  lock: { packages: Record<string, LockedPackage> },
): boolean;
