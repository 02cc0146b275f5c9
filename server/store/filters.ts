/**
 * The filters that API, commands and dashboard share. A list is OR, different filters are AND; a text value may end in `*`, and
 * an empty one stands for calls that have none.
 */
export interface Filters {
  /** Inclusive, epoch ms. */
  readonly fromMs?: number;
  /** Exclusive, epoch ms. */
  readonly toMs?: number;
  readonly model?: readonly string[];
  readonly requested_model?: readonly string[];
  readonly status?: readonly string[];
  readonly state?: readonly string[];
  readonly error_kind?: readonly string[];
  readonly message_state?: readonly string[];
  readonly stop_reason?: readonly string[];
  readonly user?: readonly string[];
  readonly team?: readonly string[];
  readonly key?: readonly string[];
  readonly session?: readonly string[];
  readonly agent?: readonly string[];
  /** `name=value`, the value may end in `*`; `name=` are calls without it. */
  readonly tag?: readonly string[];
  readonly path?: readonly string[];
  readonly upstream?: readonly string[];
  readonly service_tier?: readonly string[];
  readonly stream?: boolean;
  readonly replay?: boolean;
  readonly demo?: boolean;
  /** Counted as an error by the statistics. */
  readonly error?: boolean;
  /** Counted as unpriced by the statistics. */
  readonly unpriced?: boolean;
  readonly cost_source?: readonly string[];
  readonly cache_miss_cause?: readonly string[];
  /** Nano-dollars. */
  readonly minCostNanoUsd?: number;
  /** Input, cache and output together. */
  readonly minTokens?: number;
  /** Full text: words, "phrases", beginnings*; all terms of one value have to be there. */
  readonly q?: readonly string[];
}
