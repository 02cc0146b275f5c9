/** The page that says what is promised, by which test each promise is held, and what the last storm found. */

export interface StormFigures {
  readonly name: string;
  readonly calls: number;
  readonly faults: number;
  /** Calls without a row that no counter owns up to. */
  readonly lost: number;
  readonly duplicated: number;
  /** Rows and bodies that the program itself counted as lost. */
  readonly counted: number;
  readonly note: string;
  readonly findings: readonly string[];
}

const promises: readonly (readonly [string, string])[] = [
  [
    'A call that is sent upstream has one row, whatever becomes of it.',
    '`test/proxy/endings.test.ts`, `test/faults/kill.test.ts`; the storm looks for missing and for double rows',
  ],
  [
    'Each side gets the bytes that the other one sent.',
    '`test/proxy/request-fidelity.test.ts`, `test/proxy/answer-fidelity.test.ts`, `test/proxy/bodies.test.ts`; in the storm every client compares',
  ],
  [
    'After `kill -9`, calls that had ended a second before are whole; those that had run for a second are `interrupted`, with their request and what had come until a second before; of younger ones there may be no row. Ready again within 5 s.',
    '`test/faults/kill.test.ts`, `test/faults/refusing-store.test.ts` (killed while the store is held), `test/store/sqlite/open.test.ts` (`synchronous` is FULL)',
  ],
  [
    'Recording holds no call up. While the store is held, full, read-only, damaged, moved or gone, calls go on; what waits is stored later, once; what is lost is counted; `/-/readyz` says so and heals.',
    '`test/faults/refusing-store.test.ts`, `test/faults/moved-store.test.ts`, `test/faults/damaged-store.test.ts`, `test/faults/failing-recorder.test.ts`, `test/recorder/`; a PostgreSQL that is away, killed programs and two at once on it: `test/faults/postgres/`',
  ],
  [
    'In audit mode nothing is sent, and nothing is whole for its client, without its record on the disk.',
    '`test/proxy/audit.test.ts`, `test/faults/audit.test.ts` (killed, and on a full disk), `test/e2e/audit.test.ts`',
  ],
  [
    'A second instance on the same store is refused and touches nothing of the first one. A clock that jumps spoils no duration and no order.',
    '`test/faults/instances.test.ts`',
  ],
  [
    'Calls that end faster than they can be recorded are on the disk within the second, and in the store once each and in their order when there is time. One that ends the program whenever it is looked into does so a few times and no more.',
    '`test/faults/burst.test.ts` (killed), `test/recorder/overflow.test.ts`, `test/recorder/undigested.test.ts`',
  ],
  [
    'What waits to be recorded stays within its bounds in memory.',
    '`test/recorder/batcher.test.ts`, `test/e2e/memory.test.ts`',
  ],
];

/** Markdown. */
export function promisesPage(
  figures: readonly StormFigures[],
  { machine, date }: { machine: string; date: string },
): string {
  const sum = (value: (one: StormFigures) => number): number =>
    figures.reduce((total, one) => total + value(one), 0);
  const rows = figures.map(
    ({ name, calls, faults, lost, duplicated, counted, note }) =>
      `| ${name} | ${calls} | ${faults} | ${lost} | ${duplicated} | ${counted} | ${note} |`,
  );
  const findings = figures.flatMap(({ name, findings: found }) =>
    found.map((finding) => `- ${name}: ${finding}`),
  );
  return [
    '# What is promised, and how it is held',
    '',
    'Written by `npm run bench:faults`.',
    '',
    '| promise | held by |',
    '|---|---|',
    ...promises.map(([promise, test]) => `| ${promise} | ${test} |`),
    '',
    '## The last storm',
    '',
    `${date}, ${machine}: ${sum(({ calls }) => calls)} calls, ${sum(({ faults }) => faults)} faults, ${sum(({ lost }) => lost)} lost, ${sum(({ duplicated }) => duplicated)} duplicated.`,
    '',
    '| fault | calls | faults | lost | duplicated | counted as lost | |',
    '|---|---:|---:|---:|---:|---:|---|',
    ...rows,
    '',
    ...(findings.length === 0 ? ['Every promise was kept.'] : ['Broken:', '', ...findings]),
    '',
    '"Counted as lost" are rows and bodies for which there was no room on a full disk: as many as are missing, and as health and metrics say.',
    '',
    '## What is not promised',
    '',
    '- Nobody can tell how many records were in a part of a store that others have overwritten. The damaged file is kept.',
    '- When not even the disk can keep up, the second after which a call is safe becomes as long as the lag in health and metrics.',
    '- So it does where other programs fill every core: the record gives way to them (niceness 10). Beside a load of 18 on two cores it was 21 s behind; with a share of its own (`setsid` on Linux) the storm above was kept beside the same load.',
    '- Where calls and their record share one core that calls alone would fill, and the record is three quarters of a second behind for want of it, calls wait up to 3 of 10 ms for the record.',
    '- A store that is moved in the moment of a commit may leave a call in both files.',
    '- Without `--durability full` the last seconds may be missing after a power cut.',
    '',
  ].join('\n');
}
