/** The questions that are asked of a store, each as its page or command asks it. */
import type { Metric } from '../server/api/wire.ts';
import { listCalls } from '../server/store/calls.ts';
import { readFacets } from '../server/store/facets.ts';
import type { Filters } from '../server/store/filters.ts';
import type { Store } from '../server/store/open.ts';
import { formatCursor } from '../server/store/position.ts';
import { listReplays } from '../server/store/replays.ts';
import { readSession } from '../server/store/session.ts';
import { listSessions } from '../server/store/sessions.ts';
import { readStats, type StatsRequest } from '../server/store/stats.ts';
import { idOf, startOf, type RowsPlan } from './rows.ts';

export interface Question {
  readonly name: string;
  /** What it may take at a million calls, docs/storage.md; null: no promise. */
  readonly limitMs: number | null;
  readonly ask: (store: Store) => unknown;
  /** The same out of rows; absent where nothing else is done. */
  readonly naive?: (store: Store) => unknown;
}

const dayMs = 86_400_000;
const parts: readonly Metric[] = [
  'cost_input_nano_usd',
  'cost_output_nano_usd',
  'cost_cache_read_nano_usd',
  'cost_cache_write_5m_nano_usd',
  'cost_cache_write_1h_nano_usd',
  'cost_tools_nano_usd',
];
const tokens: readonly Metric[] = [
  'input_tokens',
  'output_tokens',
  'cache_read_tokens',
  'cache_write_5m_tokens',
  'cache_write_1h_tokens',
];
const tiles: readonly Metric[] = [
  'calls',
  'errors',
  'cost_nano_usd',
  'unpriced_calls',
  'estimated_cost_nano_usd',
  'total_tokens',
  'cache_hit_rate',
  'cache_saved_nano_usd',
  ...tokens,
];
const percentiles: readonly Metric[] = [
  'ttft_us_p50',
  'ttft_us_p90',
  'ttft_us_p99',
  'duration_us_p50',
  'duration_us_p99',
];

export function questionsOf(plan: RowsPlan, hasWords: boolean): Question[] {
  const all = { fromMs: plan.endMs - plan.days * dayMs, toMs: plan.endMs };
  const week = { fromMs: plan.endMs - 7 * dayMs, toMs: plan.endMs };
  const usual: readonly Metric[] = ['calls', 'errors', 'cost_nano_usd', 'total_tokens'];
  const stats = (change: Partial<StatsRequest>): StatsRequest => ({
    metrics: usual,
    groupBy: [],
    bucket: null,
    tz: 'UTC',
    filters: all,
    comparePrevious: false,
    ...change,
  });
  const figures = (name: string, limitMs: number | null, ...requests: StatsRequest[]): Question => ({
    name,
    limitMs,
    ask: (store) => requests.map((request) => readStats(store, request)),
    // Every call passes this filter, and rollups know nothing of it.
    naive: (store) =>
      requests.map((request) =>
        readStats(store, { ...request, filters: { ...request.filters, minTokens: 0 } }),
      ),
  });
  const overview = (filters: Filters): StatsRequest[] => [
    stats({ filters, metrics: tiles, bucket: 'auto', comparePrevious: true }),
    stats({ filters, metrics: parts, comparePrevious: true }),
    stats({
      filters,
      metrics: [...percentiles, 'output_tokens_per_second'],
      bucket: 'auto',
      comparePrevious: true,
    }),
    stats({
      filters,
      metrics: ['calls', 'errors'],
      groupBy: ['model', 'stop_reason', 'status', 'error_kind'],
      bucket: 'auto',
    }),
    stats({ filters, metrics: [...usual, ...tokens], groupBy: ['model'] }),
  ];
  const list = (name: string, filters: Filters, cursor: string | null, limitMs: number): Question => ({
    name,
    limitMs,
    ask: (store) => listCalls(store, filters, 50, cursor),
  });
  const deepest = plan.calls - 10_000 * 50;
  const deep = Math.max(deepest, Math.floor(plan.calls / 10));
  const cursor = formatCursor({ startedMs: startOf(plan, deep), id: idOf(plan, deep) });
  return [
    figures('hour × model, all days', 100, stats({ bucket: 'hour', groupBy: ['model'] })),
    figures('hour × model, 7 days', 50, stats({ bucket: 'hour', groupBy: ['model'], filters: week })),
    figures('day × user, all days', 100, stats({ bucket: 'day', groupBy: ['user_id'] })),
    figures(
      'model × stop reason × status, all days',
      100,
      stats({ groupBy: ['model', 'stop_reason', 'status'] }),
    ),
    figures('cost by component × day, all days', 100, stats({ bucket: 'day', metrics: parts })),
    figures('p50 and p99 by model, all days', 100, stats({ groupBy: ['model'], metrics: percentiles })),
    figures('overview, its five questions, 7 days', 250, ...overview(week)),
    figures('overview, its five questions, all days', 500, ...overview(all)),
    figures('cost by session, 7 days (rows)', null, stats({ groupBy: ['session_id'], filters: week })),
    list('first page of 50 calls', {}, null, 50),
    list(`page ${Math.round((plan.calls - deep) / 50)} of 50 calls`, {}, cursor, 50),
    list('first page of the errors of one user', { status: ['4xx'], user: ['user-7'] }, null, 50),
    { name: 'first page of 50 sessions', limitMs: 200, ask: (store) => listSessions(store, {}, 50, null) },
    { name: 'one session', limitMs: 50, ask: (store) => readSession(store, 'session-1', 100, null) },
    { name: 'facets, 7 days', limitMs: 200, ask: (store) => readFacets(store, week) },
    { name: 'facets, all days', limitMs: 200, ask: (store) => readFacets(store, {}) },
    { name: 'first page of 50 replays', limitMs: 50, ask: (store) => listReplays(store, {}, 50, null) },
    ...(hasWords
      ? [
          list('search: a word in few calls', { q: ['needle'] }, null, 200),
          list('search: a word in a sixth of all', { q: ['word7'] }, null, 200),
          list('search: a word in all', { q: ['word0'] }, null, 200),
          list('search: two words', { q: ['word7 word0'] }, null, 200),
          list('search: a phrase', { q: ['"a needle here"'] }, null, 200),
          list('search: a word in all, its last day', { q: ['word0'], toMs: all.fromMs + dayMs }, null, 200),
          list('search: a beginning', { q: ['wordab*'] }, null, 200),
          list('search: a beginning of all words', { q: ['wor*'] }, null, 200),
          figures('search: its figures', 200, stats({ groupBy: ['model'], filters: { q: ['word0'] } })),
          {
            name: 'search: its facets',
            limitMs: 200,
            ask: (store: Store) => readFacets(store, { q: ['wor*'] }),
          },
        ]
      : []),
  ];
}
