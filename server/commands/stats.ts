/** `weir stats`: the statistics of the API on the command line, from the store's file; weir may run or not. */
import { statsQuery, toStatsQuestion } from '../api/stats-query.ts';
import type { Metric, Stats, StatsRow } from '../api/wire.ts';
import { nanoToUsd } from '../pricing/money.ts';
import { whatIfColumns, type StatsQuestion } from '../reader/questions.ts';
import { answerStats } from '../reader/what-if.ts';
import { BadQuestion, StoreError, Unsupported } from '../store/errors.ts';
import { openStore } from '../store/open.ts';
import type { CommandIo } from './command-io.ts';
import { createOwnPricer } from './own-pricer.ts';
import type { PriceSourceOptions } from './price-source.ts';
import { BadOption, orBadOption, readQueryFlags, type QueryOptions } from './query-flags.ts';
import { exitCodes, storeExitCode, targetConfig, type StoreTargetOptions } from './store-target.ts';
import { tableText } from './table-text.ts';

export type StatsOptions = QueryOptions &
  StoreTargetOptions &
  PriceSourceOptions & { readonly json?: boolean; readonly cache?: boolean };

/** 0; 2 for options that do not fit, 4 without a store, 1 when it cannot be read. @throws ConfigError */
export function runStats(options: StatsOptions, io: CommandIo): number {
  const { store: path } = targetConfig(options);
  try {
    const question = readQuestion(options);
    const store = openStore(path, 'read');
    try {
      const stats = answerStats(store, question, () => createOwnPricer(options), Date.now());
      io.stdout(
        options.json === true ? `${JSON.stringify(stats, null, 2)}\n` : statsText(stats, question.metrics),
      );
      return exitCodes.ok;
    } finally {
      store.close();
    }
  } catch (error) {
    const isMisuse =
      error instanceof BadOption || error instanceof BadQuestion || error instanceof Unsupported;
    if (!isMisuse && !(error instanceof StoreError)) throw error;
    io.stderr(`weir: ${error.message}\n`);
    return isMisuse ? exitCodes.usage : storeExitCode(error, path);
  }
}

function readQuestion(options: StatsOptions): StatsQuestion {
  const asCache = options['asCache'] ?? (options.cache === false ? 'none' : undefined);
  const query = readQueryFlags({ ...options, asCache }, statsQuery);
  return orBadOption(() => toStatsQuestion(query, Date.now()));
}

type Cell = string | number | null | undefined;

function statsText(stats: Stats, metrics: readonly Metric[]): string {
  const figures: string[] = [...metrics, ...(stats.what_if === undefined ? [] : whatIfColumns)];
  const keys = [...(stats.bucket === null ? [] : ['start']), ...stats.group_by];
  const line = (row: StatsRow): string[] => [
    ...keys.map((key) => labelOf(row[key], key === 'start')),
    ...figures.map((name) => figureText(name, row[name])),
  ];
  const totals = [
    ...keys.map((_, at) => (at === 0 ? 'total' : '')),
    ...figures.map((name) => figureText(name, stats.totals[name])),
  ];
  // Without groups and slices the only row is the total.
  const rows = keys.length === 0 ? [] : stats.rows.map(line);
  const earlier = (keys.length === 0 ? [] : (stats.previous?.rows ?? [])).map(line);
  const heads = [...keys, ...figures.map((name) => `>${headOf(name)}`)];
  const before = earlier.length === 0 ? '' : `\nthe period before\n${tableText(heads, earlier)}`;
  return `${tableText(heads, [...rows, totals])}${before}${whatIfText(stats)}`;
}

function labelOf(value: Cell, isTime: boolean): string {
  if (value === null || value === undefined) return '-';
  return isTime ? String(value).replace(':00.000Z', 'Z') : String(value);
}

/** Money is shown in dollars, unknown as `-`. */
function figureText(name: string, value: Cell): string {
  if (typeof value !== 'number') return '-';
  if (name.endsWith('_nano_usd')) return nanoToUsd(value);
  return Number.isInteger(value) ? String(value) : value.toFixed(3);
}

function headOf(name: string): string {
  return name.replace(/_nano_usd$/, '_usd');
}

function whatIfText({ what_if: whatIf }: Stats): string {
  if (whatIf === undefined) return '';
  return `\nwhat if, assuming\n${whatIf.assumptions.map((sentence) => `  ${sentence}\n`).join('')}`;
}
