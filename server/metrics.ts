/** What `/-/metrics` says: counters over the calls that this process has seen end, and how the recording is doing just now. */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { LabelNames } from './label-names.ts';
import type { FinishedCall, RateLimits } from './recorder/finished.ts';
import { TalliedCounter } from './tallied-counter.ts';

/** Read at each scrape. */
export interface MetricsNow {
  readonly activeCalls: number;
  readonly queueBytes: number;
  readonly lagMs: number;
  readonly spilledBytes: number;
  readonly rowsLost: number;
  readonly bodiesLost: number;
  /** When all that was due to be removed had gone for the last time, epoch ms; null before. */
  readonly retentionDoneMs: number | null;
  /** Null while there is no file. */
  readonly storeBytes: number | null;
}

export interface Metrics {
  /** Calls that have ended, and how long each commit into the store took. */
  counted(finished: readonly FinishedCall[], commitsUs: readonly number[]): void;
  refused(reason: string): void;
  /** A call was in the proxy's own hands for so long. */
  held(us: number): void;
  /** The Prometheus text format, 0.0.4. */
  text(): Promise<string>;
}

/** Names come from clients and upstreams: past so many different ones the rest is counted under "other". */
const mostModels = 100;
const mostStopReasons = 30;
const mostLimits = 30;
const unknownName = 'unknown';
const none = 'none';

const overheadSeconds = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1];
const callSeconds = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 60, 120, 300, 600, 900];
const firstTokenSeconds = [0.1, 0.25, 0.5, 0.75, 1, 1.5, 2.5, 5, 10, 20, 40, 60, 120];
const commitSeconds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

/** Metrics of one process, in a registry of their own. */
export function createMetrics(version: string, now: () => MetricsNow): Metrics {
  const registry = new Registry();
  const calls = new CallMetrics(registry);
  const refused = new Counter({
    name: 'weir_refused_requests_total',
    help: 'Requests that were not sent upstream and have no record.',
    labelNames: ['reason'],
    registers: [registry],
  });
  const commits = new Histogram({
    name: 'weir_store_commit_seconds',
    help: 'Time that each commit into the store took.',
    buckets: commitSeconds,
    registers: [registry],
  });
  const overhead = new Histogram({
    name: 'weir_proxy_overhead_seconds',
    help: 'For how long calls were in the proxy itself: from their head to a connection upstream, and from the head of the answer to its handing on.',
    buckets: overheadSeconds,
    registers: [registry],
  });
  addGauges(registry, now);
  new Gauge({
    name: 'weir_build_info',
    help: 'Always 1; the label tells the version.',
    labelNames: ['version'],
    registers: [registry],
  }).set({ version }, 1);
  return {
    counted(finished, commitsUs) {
      for (const call of finished) calls.add(call);
      for (const us of commitsUs) commits.observe(us / 1e6);
    },
    refused: (reason) => refused.inc({ reason }),
    held: (us) => overhead.observe(us / 1e6),
    text: () => registry.metrics(),
  };
}

/** Everything that is counted by call. */
class CallMetrics {
  readonly #models = new LabelNames(mostModels);
  readonly #stopReasons = new LabelNames(mostStopReasons);
  readonly #limits = new LabelNames(mostLimits);
  readonly #requests;
  readonly #durations;
  readonly #firstTokens;
  readonly #tokens;
  readonly #unpriced;
  readonly #upstreamErrors;
  readonly #rateLimits;
  readonly #costNanoUsd = new Map<string, number>();
  #rateLimitsAtMs = Number.NEGATIVE_INFINITY;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#requests = new TalliedCounter({
      name: 'weir_requests_total',
      help: 'Calls that have ended.',
      labelNames: ['model', 'status_class', 'stop_reason', 'stream'],
      registry,
    });
    this.#durations = new Histogram({
      name: 'weir_request_duration_seconds',
      help: 'From the start of a call to its end.',
      buckets: callSeconds,
      registers,
    });
    this.#firstTokens = new Histogram({
      name: 'weir_time_to_first_token_seconds',
      help: 'From the start of a call to the first content of a streamed answer.',
      buckets: firstTokenSeconds,
      registers,
    });
    this.#tokens = new TalliedCounter({
      name: 'weir_tokens_total',
      help: 'Tokens by kind; thinking is part of output.',
      labelNames: ['model', 'kind'],
      registry,
    });
    this.#unpriced = new Counter({
      name: 'weir_unpriced_requests_total',
      help: 'Calls that have a price which is not known.',
      labelNames: ['model'],
      registers,
    });
    this.#upstreamErrors = new Counter({
      name: 'weir_upstream_errors_total',
      help: 'Calls whose answer did not arrive whole, by kind of failure, and streams that ended in an error_event.',
      labelNames: ['kind'],
      registers,
    });
    this.#rateLimits = new Gauge({
      name: 'weir_ratelimit_remaining',
      help: 'What the upstream said was left of each rate limit, in its latest answer that said so.',
      labelNames: ['limit'],
      registers,
    });
    const costs = this.#costNanoUsd;
    const cost = new Counter({
      name: 'weir_cost_usd_total',
      help: 'Cost of the calls in US dollars.',
      labelNames: ['model'],
      registers: [],
      // Summed as whole nano-dollars, because sums of fractions drift.
      collect() {
        this.reset();
        for (const [model, nanoUsd] of costs) this.inc({ model }, nanoUsd / 1e9);
      },
    });
    registry.registerMetric(cost);
  }

  add(call: FinishedCall): void {
    const model = this.#models.take(call.model ?? unknownName);
    this.#requests.add([
      model,
      call.status === null ? none : `${Math.floor(call.status / 100)}xx`,
      call.stopReason === null ? none : this.#stopReasons.take(call.stopReason),
      call.stream === null ? none : String(call.stream),
    ]);
    if (call.durationUs !== null) this.#durations.observe(call.durationUs / 1e6);
    if (call.ttftUs !== null) this.#firstTokens.observe(call.ttftUs / 1e6);
    this.#addTokens(model, call);
    if (call.costNanoUsd === null) this.#unpriced.inc({ model });
    else this.#costNanoUsd.set(model, (this.#costNanoUsd.get(model) ?? 0) + call.costNanoUsd);
    if (call.state === 'failed') this.#upstreamErrors.inc({ kind: call.errorKind ?? unknownName });
    else if (call.messageState === 'error_event') this.#upstreamErrors.inc({ kind: 'error_event' });
    if (call.rateLimits !== null) this.#setRateLimits(call.rateLimits);
  }

  #addTokens(model: string, call: FinishedCall): void {
    const counts = {
      input: call.inputTokens,
      output: call.outputTokens,
      cache_read: call.cacheReadTokens,
      cache_write_5m: call.cacheWrite5mTokens,
      cache_write_1h: call.cacheWrite1hTokens,
    };
    for (const [kind, count] of Object.entries(counts)) {
      if (count !== null) this.#tokens.add([model, kind], count);
    }
  }

  /** A long call ends after later ones began: the later head knows better. */
  #setRateLimits({ atMs, remaining }: RateLimits): void {
    if (atMs < this.#rateLimitsAtMs) return;
    this.#rateLimitsAtMs = atMs;
    for (const [limit, left] of Object.entries(remaining)) {
      this.#rateLimits.set({ limit: this.#limits.take(limit) }, left);
    }
  }
}

function addGauges(registry: Registry, now: () => MetricsNow): void {
  const gauge = (name: string, help: string, read: (at: MetricsNow) => number | null): void =>
    registry.registerMetric(
      new Gauge({
        name,
        help,
        registers: [],
        collect() {
          const value = read(now());
          if (value === null) this.remove();
          else this.set(value);
        },
      }),
    );
  const counter = (name: string, help: string, read: (at: MetricsNow) => number): void =>
    registry.registerMetric(
      new Counter({
        name,
        help,
        registers: [],
        collect() {
          this.reset();
          this.inc(read(now()));
        },
      }),
    );
  gauge('weir_active_calls', 'Calls that are under way.', (at) => at.activeCalls);
  gauge('weir_record_queue_bytes', 'Bytes that are not on the disk yet.', (at) => at.queueBytes);
  gauge(
    'weir_record_lag_seconds',
    'Age of the oldest thing that is not on the disk.',
    (at) => at.lagMs / 1000,
  );
  gauge(
    'weir_record_spilled_bytes',
    'Bytes on the disk that are not in the store yet: it could not be written, or there was no time to look into them.',
    (at) => at.spilledBytes,
  );
  gauge(
    'weir_retention_last_success_timestamp_seconds',
    'When all that was too old had been removed for the last time.',
    (at) => (at.retentionDoneMs === null ? null : at.retentionDoneMs / 1000),
  );
  gauge('weir_store_bytes', 'Size of the store with its write-ahead log.', (at) => at.storeBytes);
  counter('weir_rows_lost_total', 'Calls whose record could not be kept.', (at) => at.rowsLost);
  counter(
    'weir_bodies_lost_total',
    'Bodies that could not be kept whole; request and answer are two.',
    (at) => at.bodiesLost,
  );
}
