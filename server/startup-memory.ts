/** Gives back what reading and compiling the sources has left behind; without it, that stays until the heap grows again. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** One full collection of the calling thread's heap, 20 to 40 ms: to be called before the first call comes. Measured: 25 MB in both threads. */
export function releaseStartupMemory(): void {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect === 'function') collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}
