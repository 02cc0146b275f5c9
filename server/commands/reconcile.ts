/** `weir reconcile`: what Weir counted beside what the provider says it billed. */
import { readFileSync } from 'node:fs';
import { isLoopback, readAdminKey, type Config } from '../config.ts';
import type { Billed } from '../reconcile/billed.ts';
import { compareBilled, type Comparison } from '../reconcile/compare.ts';
import { fetchReports, ReportRefused } from '../reconcile/fetch.ts';
import { recordedRows, type Recorded } from '../reconcile/recorded.ts';
import { readReport, UnreadableReport, type Report } from '../reconcile/report.ts';
import { BadQuestion, StoreError, Unsupported } from '../store/errors.ts';
import { openStore } from '../store/open.ts';
import { eachStoredPrice } from '../store/past-calls.ts';
import type { CommandIo } from './command-io.ts';
import { readFilters } from './filter-flags.ts';
import { createProgress, type Progress } from './progress.ts';
import { BadOption, type QueryOptions } from './query-flags.ts';
import { comparisonJson, comparisonText } from './reconcile-text.ts';
import { exitCodes, storeExitCode, targetConfig, type StoreTargetOptions } from './store-target.ts';
import { isBeyond, readThreshold } from './threshold.ts';

export type ReconcileOptions = QueryOptions &
  StoreTargetOptions & {
    readonly fetch?: boolean;
    readonly byKey?: boolean;
    readonly mapKey?: readonly string[];
    readonly maxDifference?: string;
    readonly workspace?: string;
    readonly json?: boolean;
  };

const dayMs = 86_400_000;
/** Of what is asked when nothing is said: whole days, and today's is not. */
const daysByDefault = 7;

/**
 * 0; 5 when the difference is beyond `--max-difference`; 2 for options or files that do not fit; 4 without a store; 69 when the
 * provider cannot be reached, 1 when it refuses. @throws ConfigError
 */
export async function runReconcile(
  files: readonly string[],
  options: ReconcileOptions,
  io: CommandIo,
): Promise<number> {
  const config = targetConfig(options);
  const progress = createProgress(io.stderr, { isTerminal: process.stderr.isTTY });
  try {
    const threshold = readThreshold(options.maxDifference);
    const nowMs = Date.now();
    const days = daysAsked(options, nowMs);
    const reports =
      options.fetch === true ? [await fetched(config, days, options, progress)] : await readFiles(files, io);
    const comparison = compare(config, reports, { options, days, nowMs });
    progress.end();
    io.stdout(options.json === true ? comparisonJson(comparison) : comparisonText(comparison));
    return threshold !== null && isBeyond(comparison, threshold) ? exitCodes.overThreshold : exitCodes.ok;
  } catch (error) {
    progress.end();
    return failed(error, config, io);
  }
}

function failed(error: unknown, config: Config, io: CommandIo): number {
  const isMisuse =
    error instanceof BadOption ||
    error instanceof BadQuestion ||
    error instanceof Unsupported ||
    error instanceof UnreadableReport;
  const isRefused = error instanceof ReportRefused;
  if (!isMisuse && !isRefused && !(error instanceof StoreError)) throw error;
  io.stderr(`weir: ${error.message}\n`);
  if (isMisuse) return exitCodes.usage;
  if (isRefused) return error.status === null ? exitCodes.unreachable : exitCodes.failure;
  return storeExitCode(error, config.store);
}

/** First day, and the one after the last; null: those of the report. */
interface Days {
  readonly from: string | null;
  readonly end: string | null;
}

/** @throws BadOption for moments within a day: reports know whole ones */
function daysAsked(options: ReconcileOptions, nowMs: number): Days {
  const { fromMs, toMs } = readFilters(options, nowMs);
  const dayFor = (ms: number | undefined, text: unknown): string | null => {
    if (ms === undefined) return null;
    // `7d` means days here.
    if (ms % dayMs !== 0 && /^\d+-/.test(String(text))) {
      throw new BadOption(
        'Reports know whole UTC days only: give --from and --to as dates, such as 2026-11-20.',
      );
    }
    return dayOf(ms);
  };
  return { from: dayFor(fromMs, options['from']), end: dayFor(toMs, options['to']) };
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

async function fetched(
  config: Config,
  days: Days,
  options: ReconcileOptions,
  progress: Progress,
): Promise<Report> {
  const { upstream } = config;
  const adminKey = readAdminKey();
  if (adminKey === null) {
    throw new BadOption('--fetch needs the key of the Admin API in the environment: ANTHROPIC_ADMIN_KEY.');
  }
  if (upstream.protocol !== 'https:' && !isLoopback(upstream.hostname)) {
    throw new BadOption(`The admin key is not sent to ${upstream.origin}, which is not encrypted.`);
  }
  const today = Date.parse(dayOf(Date.now()));
  const task = {
    upstream,
    adminKey,
    fromDay: days.from ?? dayOf(today - daysByDefault * dayMs),
    endDay: days.end ?? dayOf(today),
    byKey: options.byKey === true,
    byWorkspace: options.workspace !== undefined,
  };
  const text = await fetchReports(task, (pages) =>
    progress.update(null, `${pages} pages of ${upstream.host}`),
  );
  return readReport(text, upstream.host);
}

async function readFiles(files: readonly string[], io: CommandIo): Promise<Report[]> {
  if (files.length === 0) {
    throw new BadOption('Give the file of a report, - for stdin, or --fetch to ask the provider for it.');
  }
  const reports: Report[] = [];
  for (const file of files) reports.push(readReport(await textOf(file, io), file));
  return reports;
}

async function textOf(file: string, io: CommandIo): Promise<string> {
  if (file === '-') return io.readStdin();
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UnreadableReport(
      `${file} cannot be read: ${error instanceof Error ? error.message : String(error)}.`,
      {
        cause: error,
      },
    );
  }
}

function compare(
  { store: path }: Config,
  reports: readonly Report[],
  { options, days, nowMs }: { options: ReconcileOptions; days: Days; nowMs: number },
): Comparison {
  const told = reports.flatMap(({ billed }) => billed);
  const known = told.map(({ day }) => day).toSorted();
  const from = days.from ?? known[0] ?? dayOf(nowMs);
  const end = days.end ?? dayOf(Date.parse(known.at(-1) ?? dayOf(nowMs)) + dayMs);
  const isAsked = ({ day, workspace }: Billed): boolean =>
    day >= from && day < end && [undefined, workspace ?? 'default'].includes(options.workspace);
  const refreshed = reports
    .map(({ refreshedAt }) => refreshedAt?.slice(0, 10))
    .find((day) => day !== undefined);
  return compareBilled(
    recorded(path, options, { fromMs: Date.parse(from), toMs: Date.parse(end) }, nowMs),
    told.filter(isAsked),
    {
      byKey: options.byKey === true,
      keyNames: new Map((options.mapKey ?? []).map(pairOf)),
      openFromDay: refreshed ?? dayOf(nowMs),
    },
  );
}

/** @throws BadOption */
function pairOf(text: string): [string, string] {
  const [theirs, ours] = text.split('=');
  if (theirs === undefined || ours === undefined || !ours.startsWith('k_')) {
    throw new BadOption(
      `--map-key takes the report's key and the record's key_id, apikey_…=k_…, not ${text}.`,
    );
  }
  return [theirs, ours];
}

/** Replays are billed as all others are; samples are not. */
function recorded(
  path: string,
  options: ReconcileOptions,
  range: { readonly fromMs: number; readonly toMs: number },
  nowMs: number,
): Recorded[] {
  const store = openStore(path, 'read');
  try {
    const filters = { ...readFilters(options, nowMs), ...range, demo: false };
    const rows: Recorded[] = [];
    for (const call of eachStoredPrice(store, filters, { groupBy: ['key_id'], withReplays: true })) {
      const [key] = call.groups;
      rows.push(...recordedRows(call, typeof key === 'string' ? key : null));
    }
    return rows;
  } finally {
    store.close();
  }
}
