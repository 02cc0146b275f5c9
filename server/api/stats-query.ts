/** What can be asked of statistics: the parameters of `stats`, which are the options of `weir stats` too. */
import { z } from 'zod';
import type { StatsQuestion } from '../reader/questions.ts';
import { suggest } from '../suggestion.ts';
import { ApiError } from './errors.ts';
import { toFilters, withFilters } from './filters.ts';
import { buckets, metrics, tiers } from './schemas/stats.ts';
import type { Metric } from './wire.ts';

/** A sum of money never comes without what of it is estimated and how many calls are not in it. */
const usualMetrics: readonly Metric[] = [
  'calls',
  'errors',
  'input_tokens',
  'output_tokens',
  'cost_nano_usd',
  'estimated_cost_nano_usd',
  'unpriced_calls',
];

const groups = [
  'model',
  'requested_model',
  'status',
  'state',
  'error_kind',
  'stop_reason',
  'user_id',
  'team',
  'key_id',
  'session_id',
  'agent_id',
  'path',
  'service_tier',
  'upstream',
  'cache_miss_cause',
] as const;
const mostGroups = 4;

function unknownName(known: readonly string[], more = ''): (issue: { input?: unknown }) => string {
  return ({ input }) => {
    const given = String(input).slice(0, 40);
    const meant = suggest(given, known);
    return `does not know "${given}"; ${meant === null ? `it takes ${known.join(', ')}${more}` : `did you mean "${meant}"?`}`;
  };
}

const metric = z
  .array(z.enum(metrics, { error: unknownName(metrics) }))
  .optional()
  .meta({
    description: `What to compute; several, also separated by commas. ${usualMetrics.join(', ')} if not given.`,
  });

const groupBy = z
  .array(
    z.union([z.enum(groups), z.templateLiteral(['tag:', z.string().min(1).max(100)])], {
      error: unknownName(groups, ' and tag:NAME'),
    }),
  )
  .max(mostGroups, `takes ${mostGroups} at the most`)
  .refine((given) => new Set(given).size === given.length, 'must not name a group twice')
  .optional()
  .meta({ description: 'Columns, or tag:NAME; several, also separated by commas.' });

const bucket = z
  .enum(['auto', ...buckets], { error: `must be one of auto, ${buckets.join(', ')}` })
  .optional()
  .meta({ description: 'Length of the time slices; auto fits it to the range.' });

const tz = z
  .string()
  .refine(isTimeZone, 'must be an IANA time zone such as Europe/Berlin')
  .optional()
  .meta({ description: 'IANA time zone in which the slices begin; UTC if not given.' });

const compare = z
  .enum(['previous'], { error: 'must be previous' })
  .optional()
  .meta({ description: 'previous: also the same length of time just before `from`.' });

function isTimeZone(name: string): boolean {
  // An offset is no zone: it does not know when its clocks change.
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    // RangeError is how Intl says no.
    return false;
  }
}

const asModel = z
  .string()
  .min(1, 'must not be empty')
  .max(200, 'must not be longer than 200 characters')
  .optional()
  .meta({ description: 'Also the range of what the same calls would have cost on this model.' });
const asTtl = z
  .enum(['5m', '1h'], { error: 'must be 5m or 1h' })
  .optional()
  .meta({ description: 'The same with this lifetime of what is written to the cache.' });
const asTier = z
  .enum(tiers, { error: `must be one of ${tiers.join(', ')}` })
  .optional()
  .meta({ description: 'The same at this service tier.' });
const asCache = z
  .enum(['none'], { error: 'must be none' })
  .optional()
  .meta({ description: 'none: the same without any cache.' });

export const statsQuery = withFilters({
  metric,
  group_by: groupBy,
  bucket,
  tz,
  compare,
  as_model: asModel,
  as_ttl: asTtl,
  as_tier: asTier,
  as_cache: asCache,
});

export type StatsQuery = z.output<typeof statsQuery>;

/**
 * What a checked query asks of the store; durations count back from `nowMs`.
 * @throws ApiError `bad_parameter` where parameters do not fit together
 */
export function toStatsQuestion(query: StatsQuery, nowMs: number): StatsQuestion {
  const filters = toFilters(query, nowMs);
  const comparePrevious = query.compare === 'previous';
  if (comparePrevious && filters.fromMs === undefined) {
    throw new ApiError(
      'bad_parameter',
      'The parameter "compare" needs "from", to know how long a period is.',
    );
  }
  if (query.as_cache !== undefined && query.as_ttl !== undefined) {
    throw new ApiError('bad_parameter', 'The parameter "as_ttl" has no meaning without a cache.');
  }
  const whatIf = {
    model: query.as_model ?? null,
    ttl: query.as_ttl ?? null,
    tier: query.as_tier ?? null,
    cache: query.as_cache === undefined,
  };
  const isAsked = whatIf.model !== null || whatIf.ttl !== null || whatIf.tier !== null || !whatIf.cache;
  return {
    filters,
    metrics: [...new Set(query.metric ?? usualMetrics)],
    groupBy: query.group_by ?? [],
    bucket: query.bucket ?? null,
    tz: query.tz ?? 'UTC',
    comparePrevious,
    ...(isAsked && { whatIf }),
  };
}
