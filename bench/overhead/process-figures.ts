/** What the kernel says about a process and its children: processor time by thread, resident memory. Linux only. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';

export interface CpuSeconds {
  /** All threads of the process and of its children. */
  readonly total: number;
  /** The thread that runs the program's first line. */
  readonly main: number;
}

export function cpuSeconds(pid: number): CpuSeconds {
  let total = 0;
  for (const one of family(pid))
    for (const task of entries(`/proc/${one}/task`)) total += taskSeconds(one, task);
  return { total, main: taskSeconds(pid, String(pid)) };
}

/** Resident memory of the process and its children in MB. */
export function residentMb(pid: number): number {
  return sumOfField(pid, 'VmRSS');
}

/** The most that was resident since `forgetPeak`, in MB; children's peaks are added as if they had been at the same time. */
export function peakMb(pid: number): number {
  return sumOfField(pid, 'VmHWM');
}

export function forgetPeak(pid: number): void {
  for (const one of family(pid))
    if (existsSync(`/proc/${one}/clear_refs`)) writeFileSync(`/proc/${one}/clear_refs`, '5');
}

function family(pid: number): number[] {
  const children = entries(`/proc/${pid}/task`).flatMap((task) =>
    read(`/proc/${pid}/task/${task}/children`)
      .split(' ')
      .map(Number)
      .filter((child) => child > 0),
  );
  return [pid, ...children.flatMap(family)];
}

function taskSeconds(pid: number, task: string): number {
  return Number(read(`/proc/${pid}/task/${task}/schedstat`).split(' ')[0]) / 1e9;
}

function sumOfField(pid: number, field: string): number {
  const pattern = new RegExp(`${field}:\\s+(\\d+) kB`);
  return family(pid).reduce(
    (sum, one) => sum + Number(pattern.exec(read(`/proc/${one}/status`))?.[1] ?? 0) / 1024,
    0,
  );
}

/** A process or thread that has just ended has nothing to say. */
function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

function entries(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
