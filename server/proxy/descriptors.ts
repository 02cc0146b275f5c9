/** How many connections the process can hold without running out of file descriptors. */
import { readFileSync } from 'node:fs';

/** The store and its files, threads, the reader, listeners, name lookups. */
const OWN_DESCRIPTORS = 64;
const MOST_IDLE = 1024;

/** How the descriptors that the process may have are dealt out. */
export interface ConnectionLimits {
  /** Connections of clients; each finds a descriptor for its way to the upstream. At least 1. */
  readonly clients: number;
  /** Idle connections to the upstream, kept besides those that are in use. */
  readonly idle: number;
}

/** Deals `openFiles` descriptors out; `Infinity` where there is no limit. */
export function connectionsWithin(openFiles: number): ConnectionLimits {
  const forConnections = Math.max(0, openFiles - OWN_DESCRIPTORS);
  const idle = Math.min(MOST_IDLE, Math.floor(forConnections / 4));
  return { clients: Math.max(1, Math.floor((forConnections - idle) / 2)), idle };
}

/** For this process's own limit of open files (Linux, proc_pid_limits(5)), which Node raises as far as it may when it starts. */
export function connectionLimits(): ConnectionLimits {
  const soft = /^Max open files +(\d+)/m.exec(readLimits())?.[1];
  return connectionsWithin(soft === undefined ? Number.POSITIVE_INFINITY : Number(soft));
}

function readLimits(): string {
  try {
    return readFileSync('/proc/self/limits', 'utf8');
  } catch {
    // Not Linux: there it remains to the system to refuse.
    return '';
  }
}
