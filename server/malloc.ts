/** What the C library's allocator may keep of memory that was freed (docs/decisions/044-bounds-of-malloc.md). */

/**
 * Read by glibc when a process begins, in bytes. Without them, freeing one block of up to 32 MB makes all smaller ones part of its heaps, which it
 * then gives back only when twice as much is free at their end: 80 MB after some thousand calls. Half of them cost 5 to 10 % of the processor
 * time of a call of 300 kB.
 */
const bounds = {
  /** Free at the end of a heap. */
  MALLOC_TRIM_THRESHOLD_: String(1024 * 1024),
  /** Blocks from this size on have memory of their own and give it back at once. */
  MALLOC_MMAP_THRESHOLD_: String(256 * 1024),
};

/**
 * Begins the program anew, in the same process and with the same arguments, with these bounds; returns where it has them, where somebody has set
 * others, and where that cannot be done.
 */
export function boundMalloc(): void {
  const { env, execArgv, argv, execPath } = process;
  if (process.platform !== 'linux' || Object.keys(bounds).some((name) => env[name] !== undefined)) return;
  // A parent's channel would be lost.
  if (process.execve === undefined || process.channel !== undefined) return;
  try {
    process.execve(execPath, [execPath, ...execArgv, ...argv.slice(1)], { ...env, ...bounds });
  } catch {
    // Forbidden here: it runs with what it has.
  }
}
