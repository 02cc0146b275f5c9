/** The buckets of one answer of `stats` as the axis of its charts. */
import type { Bucket, Stats } from '../../server/api/wire.ts';
import { formatBucket, formatBucketTitle } from '../lib/format.ts';
import { bucketEnd, bucketStarts, valuesOver } from '../lib/series.ts';
import { go, hrefOf, refreshNow, type Changes } from '../app/address.ts';
import { figureHref } from '../app/figure-link.ts';

export interface Axis {
  readonly bucket: Bucket;
  readonly zone: string;
  readonly starts: readonly number[];
  readonly labels: readonly string[];
  readonly titles: readonly string[];
}

/** Null for an answer without buckets. */
export function axisOf(stats: Stats): Axis | null {
  const { bucket, tz: zone } = stats;
  if (bucket === null) return null;
  const starts = bucketStarts(stats.rows, bucket, stats.from_ms, stats.to_ms, zone);
  return {
    bucket,
    zone,
    starts,
    labels: starts.map((start) => formatBucket(start, bucket, zone)),
    titles: starts.map((start) => formatBucketTitle(start, bucket, zone)),
  };
}

/** A metric of the period before, laid over this axis interval by interval; null when it was not asked for. */
export function previousValues(
  stats: Stats,
  axis: Axis,
  metric: string,
  isSum: boolean,
): (number | null)[] | null {
  if (!stats.previous || stats.from_ms === null || stats.to_ms === null) return null;
  const lengthMs = stats.to_ms - stats.from_ms;
  const starts = bucketStarts(
    stats.previous.rows,
    axis.bucket,
    stats.from_ms - lengthMs,
    stats.from_ms,
    axis.zone,
  );
  const values = valuesOver(starts, stats.previous.rows, metric, isSum);
  return axis.starts.map((_, at) => values[at] ?? null);
}

/** The range of some intervals of the axis, for the address. */
function rangeOf(axis: Axis, first: number, last: number): string {
  const fromMs = axis.starts[first] ?? 0;
  const toMs = bucketEnd(axis.starts[last] ?? fromMs, axis.bucket, axis.zone);
  return `${fromMs}..${toMs}`;
}

/** Opens the requests of one interval, with filters more. */
export function openRequests(axis: Axis, at: number, changes: Changes = {}): void {
  go(figureHref({ ...changes, range: rangeOf(axis, at, at) }));
}

/** Narrows the page to the intervals that were dragged over. */
export function zoom(axis: Axis, to: string, first: number, last: number): void {
  refreshNow();
  go(hrefOf(to, { range: rangeOf(axis, first, last) }));
}
