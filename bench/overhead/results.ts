/** The page of a run: medians, and ratios within the run. Absolute times belong to the machine that they were taken on. */

export interface Figures {
  readonly perSecond?: number;
  /** Calls a second, the time counted until the last of them was in the store. */
  readonly keptPerSecond?: number;
  readonly p50Us?: number;
  readonly p99Us?: number;
  readonly firstByteP50Us?: number;
  readonly firstByteP99Us?: number;
  readonly delayP50Us?: number;
  readonly delayP99Us?: number;
  readonly cpuMsPerCall?: number;
  readonly mainCpuMsPerCall?: number;
  readonly peakMb?: number;
  /** While all streams were open. */
  readonly openMb?: number;
  readonly lagSeconds?: number;
}

export interface Measured {
  readonly scenario: string;
  readonly contender: string;
  readonly figures: Figures;
}

interface Run {
  readonly measured: readonly Measured[];
  readonly idleMb: ReadonlyMap<string, number>;
  readonly scenarios: readonly string[];
  readonly contenders: readonly string[];
  readonly about: string;
}

type Column = readonly [title: string, field: keyof Figures, digits: number, scale: number];

const callColumns: readonly Column[] = [
  ['calls/s', 'perSecond', 0, 1],
  ['kept/s', 'keptPerSecond', 0, 1],
  ['p50 µs', 'p50Us', 0, 1],
  ['p99 µs', 'p99Us', 0, 1],
  ['CPU ms/call', 'cpuMsPerCall', 3, 1],
  ['main thread', 'mainCpuMsPerCall', 3, 1],
  ['peak MB', 'peakMb', 0, 1],
  ['lag s', 'lagSeconds', 2, 1],
];
const streamColumns: readonly Column[] = [
  ['first byte p50 ms', 'firstByteP50Us', 2, 1000],
  ['p99', 'firstByteP99Us', 2, 1000],
  ['delay p50 ms', 'delayP50Us', 2, 1000],
  ['p99', 'delayP99Us', 2, 1000],
  ['CPU ms/stream', 'cpuMsPerCall', 2, 1],
  ['main thread', 'mainCpuMsPerCall', 2, 1],
  ['MB while open', 'openMb', 0, 1],
  ['lag s', 'lagSeconds', 2, 1],
];

/** Markdown. */
export function resultsPage(run: Run): string {
  const tables = run.scenarios.map((scenario) => {
    const isCalls = run.measured.some(
      (one) => one.scenario === scenario && one.figures.perSecond !== undefined,
    );
    return scenarioTable(run, scenario, isCalls ? callColumns : streamColumns);
  });
  return [
    '# What it costs',
    '',
    'Written by `npm run bench`. Proxies on one core, upstream and clients on the other, everything on loopback; contenders take turns; medians.',
    'Compare within a table, not between machines. "kept/s" counts the time until the last record was in the store; calls are held back while the',
    'record is 0.8 s or 48 MB behind. Everybody is started anew before 200 streams, for the sake of memory. "Weir, no record" is its forwarder with a sink that forgets, which no setting offers.',
    '',
    run.about,
    '',
    ...tables.flat(),
    '## Memory at rest',
    '',
    '| | MB |',
    '|---|---:|',
    ...[...run.idleMb].map(([name, mb]) => `| ${name} | ${mb.toFixed(0)} |`),
    '',
  ].join('\n');
}

function scenarioTable(run: Run, scenario: string, columns: readonly Column[]): string[] {
  const rows = run.contenders.flatMap((contender) => {
    const figures = run.measured.filter((one) => one.scenario === scenario && one.contender === contender);
    const cells = columns.map(([, field, digits, scale]) => {
      const value = medianOf(figures.map((one) => one.figures[field]));
      return value === null ? '' : (value / scale).toFixed(digits);
    });
    return figures.length === 0 ? [] : [`| ${contender} | ${cells.join(' | ')} |`];
  });
  return [
    `## ${scenario}`,
    '',
    `| | ${columns.map(([title]) => title).join(' | ')} |`,
    `|---|${'---:|'.repeat(columns.length)}`,
    ...rows,
    '',
  ];
}

export function medianOf(values: readonly (number | undefined)[]): number | null {
  const sorted = values.filter((value) => value !== undefined).sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle];
  if (upper === undefined) return null;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2;
}
