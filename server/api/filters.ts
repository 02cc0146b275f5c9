/** The query parameters that every endpoint over calls shares, and the store's filters that they mean. */
import { z } from 'zod';
import type { Filters } from '../store/filters.ts';
import { ApiError } from './errors.ts';
import { parseMoment, resolveMoment } from './moment.ts';
import { parseUsd } from './money.ts';
import { missCauses } from './schemas/call.ts';

const states = ['open', 'completed', 'failed', 'aborted', 'interrupted'];
/** With the empty value, for calls that have none. */
const messageStates = ['', 'complete', 'complete_no_stop_event', 'error_event', 'truncated', 'not_parsed'];
const costSources = ['', 'computed', 'reported', 'estimated'];

const mostValues = 100;
const longestValue = 500;

/** A schema message that shows what was given: `must be …, not "…"`. */
function must(what: string): (issue: { input?: unknown }) => string {
  return ({ input }) => {
    const given = typeof input === 'string' ? input : JSON.stringify(input ?? null);
    return `must be ${what}, not "${given.length > 60 ? `${given.slice(0, 60)}…` : given}"`;
  };
}

/** A point in time, or one that depends on when the question is asked. */
export const moment = z.string().transform((text, context) => {
  const parsed = parseMoment(text);
  if (parsed !== null) return parsed;
  const message = must('RFC 3339, epoch milliseconds or a duration back from now such as 24h or 7d')({
    input: text,
  });
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
});

/** What calls have as text; empty stands for calls that have none. */
const text = z.string().max(longestValue, `must not be longer than ${longestValue} characters`);
const words = text.min(1, 'must not be empty');

function several<Item extends z.ZodType>(item: Item, description: string) {
  return z
    .array(item)
    .max(mostValues, `may be repeated ${mostValues} times at the most`)
    .optional()
    .meta({ description });
}

function oneOf(values: readonly string[], description: string) {
  const value = text.refine(
    (given) =>
      given.endsWith('*')
        ? values.some((each) => each.startsWith(given.slice(0, -1)))
        : values.includes(given),
    { error: must(`one of ${values.filter((each) => each !== '').join(', ')}`) },
  );
  return several(value, description);
}

function flag(description: string) {
  return z
    .enum(['true', 'false'], { error: must('true or false') })
    .transform((given) => given === 'true')
    .optional()
    .meta({ description });
}

const status = text.regex(/^(?:|[1-9]\d\d|[1-9]?\d?\*|[1-9]xx|[<>]=?[1-9]\d\d)$/, {
  error: must('a status such as 429, 4xx, 5* or >=400'),
});
const tag = text.regex(/^[^=]+=/, { error: must('name=value') });
const usd = z.string().transform((given, context) => {
  const nanoUsd = parseUsd(given);
  if (nanoUsd !== null) return nanoUsd;
  context.addIssue({ code: 'custom', message: must('an amount of dollars such as 0.05')({ input: given }) });
  return z.NEVER;
});
const count = z
  .string()
  .regex(/^\d{1,15}$/, { error: must('a whole number') })
  .transform(Number);

/** The shared parameters, for use in an endpoint's own schema. */
export const filterShape = {
  from: moment
    .optional()
    .meta({ description: 'Started at or after: RFC 3339, epoch ms, or back from now (24h, 7d).' }),
  to: moment.optional().meta({ description: 'Started before: as `from`.' }),
  model: several(text, 'Model that answered; may end in *; empty: none.'),
  requested_model: several(text, 'Model that was asked for; may end in *; empty: none.'),
  status: several(status, 'HTTP status: 429, 4xx, 5*, >=400; empty: none.'),
  state: oneOf(states, 'How the call ended, or open.'),
  error_kind: several(text, 'Why the call did not complete; may end in *; empty: it did.'),
  message_state: oneOf(messageStates, 'Whether the message is whole; empty: there is none.'),
  stop_reason: several(text, 'As sent by the upstream; may end in *; empty: none.'),
  user: several(text, 'User; may end in *; empty: none.'),
  team: several(text, 'Team; may end in *; empty: none.'),
  key: several(text, 'Key id (k_…); may end in *; empty: none.'),
  session: several(text, 'Session id; may end in *; empty: none.'),
  agent: several(text, 'Agent id; may end in *; empty: none.'),
  tag: several(tag, 'name=value; the value may end in *; name=: calls without it.'),
  path: several(text, 'Path of the call; may end in *.'),
  upstream: several(text, 'Where the call went; may end in *; empty: nowhere.'),
  service_tier: several(text, 'As answered; may end in *; empty: none.'),
  stream: flag('The answer was an event stream.'),
  error: flag('It counts as an error: it broke off, has a status from 400 on, or an error in its stream.'),
  unpriced: flag('It has ended and what it cost is not known.'),
  cost_source: oneOf(costSources, 'Where the cost comes from; empty: none is known.'),
  cache_miss_cause: oneOf(
    ['', ...missCauses],
    'Why the cache had less than it could have had; empty: no miss; * alone: any.',
  ),
  min_cost: usd.optional().meta({ description: 'Least cost, in dollars.' }),
  min_tokens: count
    .optional()
    .meta({ description: 'Least number of input, cache and output tokens together.' }),
  replay: flag('The call repeats another one.'),
  demo: flag('The call is a sample.'),
  q: several(
    words,
    'Full text of request and answer: words, "phrases", beginnings*; all of one value have to be there.',
  ),
} as const;

/** The shared parameters together with an endpoint's own. Unknown ones are refused. */
export function withFilters<Shape extends z.core.$ZodShape>(shape: Shape) {
  return z.strictObject({ ...filterShape, ...shape });
}

const filterSchema = z.object(filterShape);

const listNames = [
  'model',
  'requested_model',
  'status',
  'state',
  'error_kind',
  'message_state',
  'stop_reason',
  'user',
  'team',
  'key',
  'session',
  'agent',
  'tag',
  'path',
  'upstream',
  'service_tier',
  'cost_source',
  'cache_miss_cause',
  'q',
] as const satisfies readonly (keyof Filters)[];

/**
 * What `withFilters` yields, as the store's filters; durations count back from `nowMs`.
 * @throws ApiError `bad_parameter` where `from` is not before `to`
 */
export function toFilters(query: z.output<typeof filterSchema>, nowMs: number): Filters {
  const filters: { -readonly [Name in keyof Filters]: Filters[Name] } = {};
  if (query.from !== undefined) filters.fromMs = resolveMoment(query.from, nowMs);
  if (query.to !== undefined) filters.toMs = resolveMoment(query.to, nowMs);
  if (filters.fromMs !== undefined && filters.toMs !== undefined && filters.fromMs >= filters.toMs) {
    throw new ApiError('bad_parameter', 'The parameter "from" must be before "to".');
  }
  for (const name of listNames) {
    const values = query[name];
    if (values !== undefined) filters[name] = values;
  }
  if (query.stream !== undefined) filters.stream = query.stream;
  if (query.replay !== undefined) filters.replay = query.replay;
  if (query.demo !== undefined) filters.demo = query.demo;
  if (query.error !== undefined) filters.error = query.error;
  if (query.unpriced !== undefined) filters.unpriced = query.unpriced;
  if (query.min_cost !== undefined) filters.minCostNanoUsd = query.min_cost;
  if (query.min_tokens !== undefined) filters.minTokens = query.min_tokens;
  return filters;
}
