/** Keeps the heaps small: what reading and compiling the sources has left behind, and what calls leave behind later. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * How far a heap may grow over what is alive in it, until it is collected. V8 would let a small one grow to four times of that: with a
 * thousand streams 480 MB where this takes 350 (one run).
 */
const growingPercent = 50;
/** Worth a collection in a quiet moment. */
const worthBytes = 16 * 1024 * 1024;

/** One full collection of the calling thread's heap, 20 to 40 ms: to be called as soon as everything is there. Measured: 25 MB in both threads. */
export function releaseStartupMemory(): void {
  setFlagsFromString(`--heap-growing-percent=${growingPercent}`);
  collect('major', 'last-resort');
}

/**
 * Collects the calling thread's heap when nothing goes on there any more: V8 does so only when something is allocated, and the buffers of the last
 * calls stayed for as long as nobody called, 100 MB after some of 5 MB.
 */
export class QuietCollection {
  #seen = Number.NaN;
  #hasLooked = false;
  /** What the last collection has left; null until the next look, as buffers are given back beside it. */
  #keptBytes: number | null = null;

  /** To be called every second or so. @param activity another number whenever something has happened, null while something does */
  look(activity: number | null): void {
    this.#keptBytes ??= usedBytes();
    const isQuiet = activity === this.#seen;
    this.#seen = activity ?? Number.NaN;
    if (!isQuiet) this.#hasLooked = false;
    if (!isQuiet || this.#hasLooked) return;
    this.#hasLooked = true;
    if (usedBytes() - this.#keptBytes < worthBytes) return;
    collect('major', 'regular');
    this.#keptBytes = null;
  }
}

/** How much may pass between two collections. */
const passingBytes = 2 * 1024 * 1024;

/**
 * Collects what lives shortest while bytes pass through this thread that it does not make: V8 counts their buffers, but as nothing else is
 * allocated meanwhile it waits until it has to collect everything, 10 to 20 ms for each 6 MB. This takes less than one.
 */
export class PassingBytes {
  #bytes = 0;

  /** So many have come, and those before them are no longer needed. */
  add(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes < passingBytes) return;
    this.#bytes = 0;
    collect('minor', 'regular');
  }
}

/** Of what is alive and what is not yet collected, outside of the heap too. */
function usedBytes(): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

function collect(type: 'minor' | 'major', flavor: 'regular' | 'last-resort'): void {
  gc ??= exposedGc();
  if (typeof gc === 'function') gc({ type, execution: 'sync', flavor });
}

let gc: unknown;

function exposedGc(): unknown {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc');
}
