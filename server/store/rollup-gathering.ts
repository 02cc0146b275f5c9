/** What rollups and rows add up to, by slices of time and groups. Pure. */
import type { Slice } from './buckets.ts';
import type { Latency } from './measures.ts';
import { emptySums, type RollupMetric, type RollupSums } from './rollup-figures.ts';
import type { Metric } from './served.ts';

/** Keys begin with `start_ms`, then come the groups as `group_0`, …; metrics stand under their names. */
export type RollupFigures = Record<string, string | number | null>;

export interface RollupAnswer {
  /** By slice, then by number of calls, then by groups. */
  readonly rows: RollupFigures[];
  readonly totals: RollupFigures;
}

export type AskedMetric = { readonly metric: Metric; readonly of: RollupMetric };

/** Sums by their column; of an hour, or of the slice that begins with it. */
export type HourRow = Record<string, string | number | null> & { readonly hour_ms: number };

interface Gathered extends RollupSums {
  readonly startMs: number | null;
  readonly groups: readonly (string | number | null)[];
}

/** Adds up what comes by the hour. */
export class Gathering {
  readonly #totals: Gathered = { startMs: null, groups: [], ...emptySums() };
  readonly #parts = new Map<string, Gathered>();
  readonly #columns: readonly string[];
  readonly #periods: readonly Slice[] | null;
  readonly #groups: number;

  /** @param periods in order and without gaps; null: one that is all. @param groups how many there are, `group_0`, … */
  constructor(columns: readonly string[], periods: readonly Slice[] | null, groups: number) {
    this.#columns = columns;
    this.#periods = periods;
    this.#groups = groups;
  }

  add(row: HourRow): void {
    for (const { sums } of this.#targets(row)) {
      for (const column of this.#columns) sums.set(column, (sums.get(column) ?? 0) + Number(row[column]));
    }
  }

  addLatency(row: HourRow, kind: Latency, bucket: number, count: number): void {
    for (const { latencies: of } of this.#targets(row))
      of[kind].set(bucket, (of[kind].get(bucket) ?? 0) + count);
  }

  answer(metrics: readonly AskedMetric[]): RollupAnswer {
    const figures = (of: Gathered): RollupFigures => ({
      start_ms: of.startMs,
      ...Object.fromEntries(of.groups.map((value, index) => [`group_${index}`, value])),
      ...Object.fromEntries(metrics.map(({ metric, of: asked }) => [metric, asked.figure(of)])),
    });
    const counted = [...this.#parts.values()].filter(({ sums }) => (sums.get('calls') ?? 0) > 0);
    return { rows: counted.sort(inOrder).map(figures), totals: figures(this.#totals) };
  }

  /** The totals, and the slice and group of the row. */
  #targets(row: HourRow): Gathered[] {
    const startMs = this.#periods === null ? null : (sliceOf(this.#periods, row.hour_ms)?.startMs ?? null);
    const groups = Array.from({ length: this.#groups }, (_, index) => row[`group_${index}`] ?? null);
    const key = JSON.stringify([startMs, ...groups]);
    const own = this.#parts.get(key) ?? { startMs, groups, ...emptySums() };
    this.#parts.set(key, own);
    return [own, this.#totals];
  }
}

/** Slices are in order and without gaps. */
function sliceOf(periods: readonly Slice[], atMs: number): Slice | undefined {
  let [low, high] = [0, periods.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((periods[middle]?.startMs ?? 0) <= atMs) low = middle;
    else high = middle - 1;
  }
  return periods[low];
}

function inOrder(a: Gathered, b: Gathered): number {
  const bySlice = (a.startMs ?? 0) - (b.startMs ?? 0);
  const byCalls = (b.sums.get('calls') ?? 0) - (a.sums.get('calls') ?? 0);
  if (bySlice !== 0 || byCalls !== 0) return bySlice || byCalls;
  for (const [index, value] of a.groups.entries()) {
    const order = compareValues(value, b.groups[index] ?? null);
    if (order !== 0) return order;
  }
  return 0;
}

/** As the database orders them: NULL, numbers, texts by their bytes. */
function compareValues(a: string | number | null, b: string | number | null): number {
  if (a === b) return 0;
  if (a === null || b === null) return a === null ? -1 : 1;
  if (typeof a === 'number' || typeof b === 'number') {
    return typeof a === 'number' && typeof b === 'number' ? a - b : typeof a === 'number' ? -1 : 1;
  }
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
