/** Work that no call waits for, where it shares cores with calls. */
import { setPriority } from 'node:os';

const niceness = 19;

/** Lets everything else go first from now on: for a process, or on Linux a thread and those that it starts, whose only work this is. */
export function workInBackground(): void {
  try {
    setPriority(niceness);
  } catch {
    // It may have been told to have another priority, and may not change it.
  }
}
