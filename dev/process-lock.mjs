// Plain JavaScript, as the bootstrap needs it before there is a node_modules.
import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 200;

/**
 * Names one life of a process, or null when it is dead. A pid alone does not: containers hand out the same
 * small numbers after every restart, so a file left by a killed run would point at a stranger.
 */
export function identifyProcess(pid) {
  if (process.platform === 'linux') return identifyOnLinux(pid);
  try {
    const line = execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
    return line === '' || line.startsWith('Z') ? null : line.slice(line.indexOf(' ')).trim();
  } catch {
    return null; // ps ends with 1 for a pid that is not there
  }
}

function identifyOnLinux(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The command in parentheses may hold spaces: count from behind it. state is field 3, starttime field 22 (proc(5)).
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return null;
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}:${fields[19]}`;
  } catch {
    return null;
  }
}

/** The recorded process, or null when the file is absent or unreadable or the process has ended. */
export function readLiveProcess(file) {
  try {
    const record = JSON.parse(readFileSync(file, 'utf8'));
    return identifyProcess(record.pid) === record.identity ? record : null;
  } catch {
    return null;
  }
}

/** Writes who `pid` is, so that a later run can recognise it with `readLiveProcess`. */
export function recordProcess(file, pid) {
  writeFileSync(file, JSON.stringify({ pid, identity: identifyProcess(pid) }));
}

/**
 * Holds `file` as a lock of this process until the returned function is called; a lock whose owner died is taken over.
 * Rejects with `refusal(pid)` when a live process still has it after `waitMs`.
 */
export async function takeLock(file, { waitMs, refusal }) {
  const mine = `${file}.${process.pid}`;
  const deadline = Date.now() + waitMs;
  try {
    mkdirSync(dirname(file), { recursive: true });
    recordProcess(mine, process.pid);
  } catch (error) {
    throw new Error(`This user cannot write to ${dirname(file)} (${error.code}).`, { cause: error });
  }
  try {
    while (true) {
      if (tryLink(mine, file)) return () => rmSync(file, { force: true });
      const owner = readLiveProcess(file);
      if (owner === null) rmSync(file, { force: true });
      else if (Date.now() >= deadline) throw new Error(refusal(owner.pid));
      else await sleep(POLL_MS);
    }
  } finally {
    rmSync(mine, { force: true });
  }
}

/** A link appears with its content in one step, so no reader ever sees an empty lock. */
function tryLink(from, to) {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
}
