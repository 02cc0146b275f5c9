/** Printing what was measured. */

export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** The first column to the left, figures to the right. */
export function table(rows: readonly (readonly string[])[]): void {
  for (const [name = '', ...figures] of rows) {
    print(`${name.padEnd(46)}${figures.map((figure) => figure.padStart(11)).join('')}`);
  }
}

/** The middle one of some runs. */
export function medianMs(run: () => unknown, rounds: number): number {
  const times = Array.from({ length: rounds }, () => msOf(run));
  return times.sort((a, b) => a - b)[rounds >> 1] ?? 0;
}

export function msOf(run: () => unknown): number {
  const beganMs = performance.now();
  run();
  return performance.now() - beganMs;
}
