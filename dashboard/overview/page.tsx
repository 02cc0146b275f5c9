import { useEffect } from 'preact/hooks';
import type { JSX } from 'preact';
import type { Stats } from '../../server/api/wire.ts';
import { range, refreshNow } from '../app/address.ts';
import { useResource } from '../app/api.ts';
import type { ExportPart } from '../app/export-menu.tsx';
import { Failure } from '../app/failure.tsx';
import { FilterBar } from '../app/filter-bar.tsx';
import { revision } from '../app/live.ts';
import { statsResource } from '../app/scope.ts';
import { ERROR_GROUPS } from '../lib/errors.ts';
import { formatCount } from '../lib/format.ts';
import { axisOf } from './axis.ts';
import { CacheMissesCard, MISS_METRICS } from './cache-misses.tsx';
import { MainChart } from './main-chart.tsx';
import { COST_METRICS, CostPartsCard } from './cost-parts.tsx';
import { LATENCY_METRICS, LatencyCard } from './latency.tsx';
import { LimitsCard } from './limits-card.tsx';
import { NothingFound } from './nothing-found.tsx';
import { StopReasonsCard } from './stop-reasons.tsx';
import { Tiles } from './tiles.tsx';
import { CacheCard, TOKEN_KINDS, TokensCard } from './tokens.tsx';
import { MODEL_METRICS, TopModels } from './top-models.tsx';

const SUMMARY_METRICS = [
  'calls',
  'errors',
  'cost_nano_usd',
  'unpriced_calls',
  'estimated_cost_nano_usd',
  'total_tokens',
  'cache_hit_rate',
  'cache_saved_nano_usd',
  ...TOKEN_KINDS.map(({ metric }) => metric),
];

const STOP_GROUPS = ['model', 'stop_reason', ...ERROR_GROUPS];

function Skeleton(): JSX.Element {
  return (
    <div class="skeleton" aria-hidden="true">
      <div class="tiles">
        {['cost', 'requests', 'tokens', 'cache', 'errors'].map((id) => (
          <div key={id} class="tile" />
        ))}
      </div>
      <div class="card skeleton-chart" />
      <div class="columns">
        <div class="card skeleton-half" />
        <div class="card skeleton-half" />
      </div>
    </div>
  );
}

/** Follows new calls: "now" moves on with them, so that they fall into the range. */
function useMovingNow(): void {
  const seen = revision.value;
  useEffect(() => {
    if (seen > 0 && range.peek().toMs === null) refreshNow();
  }, [seen]);
}

/** The questions of the page; the same ones are offered as JSON, CSV, API and CLI. */
function questions() {
  return {
    summary: statsResource({ metrics: SUMMARY_METRICS, isBucketed: true, isCompared: true }),
    costs: statsResource({ metrics: COST_METRICS, isCompared: true }),
    latency: statsResource({
      metrics: [...LATENCY_METRICS, 'output_tokens_per_second'],
      isBucketed: true,
      isCompared: true,
    }),
    stops: statsResource({ metrics: ['calls', 'errors'], groupBy: STOP_GROUPS, isBucketed: true }),
    models: statsResource({ metrics: MODEL_METRICS, groupBy: ['model'] }),
    misses: statsResource({ metrics: MISS_METRICS, groupBy: ['cache_miss_cause'] }),
  };
}

function exportsOf(asked: ReturnType<typeof questions>): ExportPart[] {
  return [
    { label: 'Figures over time', resource: asked.summary, isTable: true },
    { label: 'Cost by component', resource: asked.costs, isTable: true },
    { label: 'Latency', resource: asked.latency, isTable: true },
    { label: 'Stop reasons', resource: asked.stops, isTable: true },
    { label: 'Models', resource: asked.models, isTable: true },
    { label: 'Cache misses', resource: asked.misses, isTable: true },
  ];
}

export function OverviewPage(): JSX.Element {
  useMovingNow();
  const asked = questions();
  const summary = useResource<Stats>(asked.summary, revision.value).value;
  const costs = useResource<Stats>(asked.costs, revision.value).value;
  const latency = useResource<Stats>(asked.latency, revision.value).value;
  const stops = useResource<Stats>(asked.stops, revision.value).value;
  const models = useResource<Stats>(asked.models, revision.value).value;
  const misses = useResource<Stats>(asked.misses, revision.value).value;
  const stats = summary.data;
  const axis = stats ? axisOf(stats) : null;
  const calls = stats?.totals['calls'] ?? 0;
  return (
    <div class="page">
      <h1 class="visually-hidden">Overview</h1>
      <FilterBar
        note={stats ? `${formatCount(calls)} ${calls === 1 ? 'request' : 'requests'}` : undefined}
        exports={exportsOf(asked)}
      />
      {summary.error ? <Failure error={summary.error} /> : null}
      {!stats && !summary.error ? <Skeleton /> : null}
      {stats ? (
        <div class={summary.isStale ? 'is-stale' : ''}>
          <Tiles stats={stats} axis={axis} endings={stops.data} />
        </div>
      ) : null}
      {stats && calls === 0 ? <NothingFound /> : null}
      {stats && axis && calls > 0 ? (
        <>
          <MainChart summary={stats} />
          <div class="columns">
            <div class="stack-cards">
              {costs.error ? <Failure error={costs.error} /> : null}
              {costs.data ? (
                <CostPartsCard costs={costs.data} tokens={stats} isStale={costs.isStale} />
              ) : null}
              {misses.data ? <CacheMissesCard stats={misses.data} isStale={misses.isStale} /> : null}
            </div>
            <div class="stack-cards">
              <TokensCard stats={stats} axis={axis} isStale={summary.isStale} />
              <LimitsCard />
            </div>
            <CacheCard stats={stats} axis={axis} isStale={summary.isStale} models={models.data} />
            {latency.data ? <LatencyCard stats={latency.data} isStale={latency.isStale} /> : null}
          </div>
          {stops.data ? <StopReasonsCard stats={stops.data} isStale={stops.isStale} /> : null}
          {models.data ? <TopModels stats={models.data} isStale={models.isStale} /> : null}
        </>
      ) : null}
    </div>
  );
}
