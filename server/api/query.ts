/** Query strings, read by hand and narrowed by a schema: no nesting, no arrays by brackets, no unknown parameter. */
import type { Request } from 'express';
import { z } from 'zod';
import { ApiError } from './errors.ts';
import { suggest } from '../suggestion.ts';

const longestQuery = 16_384;

/** One flat object: a parameter that may be repeated is an array of texts, every other one a text. */
export type QuerySchema = z.ZodObject<z.core.$ZodShape>;

/** Parameters whose one value may hold several, separated by commas. */
const commaSeparated: ReadonlySet<string> = new Set(['metric', 'group_by']);

/**
 * The query of `request` as `schema` sees it.
 * @throws ApiError `bad_parameter` with a sentence that names the parameter, `query_too_long` past 16 KiB
 */
export function readQuery<Schema extends QuerySchema>(request: Request, schema: Schema): z.output<Schema> {
  const mark = request.originalUrl.indexOf('?');
  const text = mark === -1 ? '' : request.originalUrl.slice(mark + 1);
  if (text.length > longestQuery) {
    throw new ApiError(
      'query_too_long',
      `A query may be ${longestQuery} bytes long, this one has ${text.length}.`,
    );
  }
  return parseQuery(new URLSearchParams(text), schema);
}

/** The same for parameters that came another way. @throws ApiError `bad_parameter` */
export function parseQuery<Schema extends QuerySchema>(
  parameters: URLSearchParams,
  schema: Schema,
): z.output<Schema> {
  const parsed = schema.safeParse(collect(parameters, schema));
  if (parsed.success) return parsed.data;
  throw new ApiError('bad_parameter', describeIssue('parameter', parsed.error));
}

function collect(query: URLSearchParams, schema: QuerySchema): Record<string, string | string[]> {
  const known = Object.keys(schema.shape);
  const collected: Record<string, string | string[]> = {};
  for (const name of new Set(query.keys())) {
    if (!known.includes(name)) throw new ApiError('bad_parameter', describeUnknown('parameter', name, known));
    const values = query
      .getAll(name)
      .flatMap((value) => (commaSeparated.has(name) ? value.split(',') : [value]));
    if (isRepeatable(schema.shape[name])) collected[name] = values;
    else if (values.length === 1) collected[name] = values[0] ?? '';
    else throw new ApiError('bad_parameter', `The parameter "${name}" may stand only once.`);
  }
  return collected;
}

/** Whether a parameter's schema takes an array, below what makes it optional. */
export function isRepeatable(schema: z.core.$ZodType | undefined): boolean {
  let inner = schema;
  while (
    inner instanceof z.ZodOptional ||
    inner instanceof z.ZodDefault ||
    inner instanceof z.ZodExactOptional
  ) {
    inner = inner.unwrap();
  }
  return inner instanceof z.ZodArray;
}

/** @param what a parameter, or a field of a body */
export function describeUnknown(what: string, name: string, known: readonly string[]): string {
  const meant = suggest(name, known);
  if (meant !== null) return `There is no ${what} "${quotable(name)}"; did you mean "${meant}"?`;
  const list = known.length === 0 ? 'none' : known.join(', ');
  return `There is no ${what} "${quotable(name)}"; this endpoint takes ${list}.`;
}

/** The schemas' own messages are predicates ("must be …"), so that the parameter's name makes them sentences. */
export function describeIssue(what: string, error: z.ZodError): string {
  const issue = error.issues[0];
  const name = issue?.path[0];
  const message = issue?.message ?? 'It is not valid';
  const sentence = name === undefined ? message : `The ${what} "${String(name)}" ${message}`;
  return sentence.endsWith('?') ? sentence : `${sentence}.`;
}

function quotable(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
