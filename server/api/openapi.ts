/** The description of the API, OpenAPI 3.1, made of the very schemas that check its queries. */
import { z } from 'zod';
import { formatSuffixes, incompleteHeader } from './collection.ts';
import type { Answer, Endpoint } from './endpoint.ts';
import { problemStatuses } from './errors.ts';
import { isRepeatable, type QuerySchema } from './query.ts';
import * as cache from './schemas/cache.ts';
import * as call from './schemas/call.ts';
import * as program from './schemas/program.ts';
import * as replay from './schemas/replay.ts';
import * as sessions from './schemas/sessions.ts';
import { problemSchema } from './schemas/shape.ts';
import * as stats from './schemas/stats.ts';

type JsonObject = Record<string, unknown>;

/** Schemas that stand under a name of their own; every other one is written out where it is used. */
const named = z.registry<{ id: string }>();
const modules = [call, cache, sessions, stats, program, replay, { problemSchema }];
for (const [key, schema] of modules.flatMap((module): [string, unknown][] => Object.entries(module))) {
  if (schema instanceof z.ZodType) named.add(schema, { id: componentName(key) });
}

function componentName(exportName: string): string {
  const base = exportName.replace(/Schema$/, '');
  return base.charAt(0).toUpperCase() + base.slice(1);
}

const problemResponse = {
  description: 'What was wrong, in a sentence.',
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
};

/** @param endpoints all that is served below `/-/api/v1` */
export function describeApi(endpoints: readonly Endpoint[], version: string): JsonObject {
  const paths = Object.fromEntries(endpoints.flatMap((endpoint) => describePaths(endpoint)));
  return {
    openapi: '3.1.0',
    info: {
      title: 'Weir',
      version,
      description:
        'The record of calls. Unknown is null, never 0; money is integer nano-dollars; times are epoch ms beside RFC 3339.',
    },
    servers: [{ url: '/-/api/v1' }],
    security: [{ bearer: [] }],
    paths,
    components: {
      schemas: components(),
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } },
      responses: { Problem: problemResponse },
    },
  };
}

function components(): JsonObject {
  const generated = z.toJSONSchema(named, { uri: (id) => `#/components/schemas/${id}` });
  return Object.fromEntries(
    Object.entries(generated.schemas).map(([id, schema]) => [id, withoutIds(schema)]),
  );
}

/** In a document of its own a component needs neither `$schema` nor `$id`; the latter would even move its references. */
function withoutIds(schema: object): JsonObject {
  return Object.fromEntries(Object.entries(schema).filter(([key]) => key !== '$schema' && key !== '$id'));
}

function describePaths(endpoint: Endpoint): [string, JsonObject][] {
  const path = endpoint.path.replaceAll(/:(\w+)/g, '{$1}');
  const first: [string, JsonObject] = [path, describeItem(endpoint, path, contentOf(endpoint.answer))];
  if (endpoint.answer.kind !== 'collection') return [first];
  const others = formatSuffixes.map((suffix): [string, JsonObject] => [
    `${path}${suffix}`,
    describeItem(endpoint, `${path}${suffix}`, textContent(suffix)),
  ]);
  return [first, ...others];
}

function describeItem(endpoint: Endpoint, path: string, content: JsonObject): JsonObject {
  const problems = problemStatuses.map((status) => [
    String(status),
    { $ref: '#/components/responses/Problem' },
  ]);
  const answered = { description: endpoint.summary, ...headersOf(endpoint.answer), content };
  return {
    [endpoint.method]: {
      operationId: operationId(endpoint.method, path),
      summary: endpoint.summary,
      parameters: [...pathParameters(path), ...queryParameters(endpoint.query)],
      ...bodyOf(endpoint),
      responses: {
        ...Object.fromEntries(endpoint.statuses.map((status) => [String(status), answered])),
        ...Object.fromEntries(problems),
      },
    },
  };
}

function bodyOf({ body }: Endpoint): JsonObject {
  return body === null
    ? {}
    : { requestBody: { content: { 'application/json': { schema: reference(body, 'input') } } } };
}

function operationId(method: string, path: string): string {
  return `${method}${path.replaceAll(/[^a-z]+([a-z])?/gi, (_match, letter: string | undefined) => (letter ?? '').toUpperCase())}`;
}

function contentOf(answer: Answer): JsonObject {
  switch (answer.kind) {
    case 'json':
      return { 'application/json': { schema: reference(answer.schema) } };
    case 'collection':
      return {
        'application/json': { schema: reference(answer.schema) },
        ...textContent('.csv'),
        ...textContent('.ndjson'),
      };
    case 'bytes':
      return { 'application/octet-stream': {} };
    case 'file':
      return Object.fromEntries(answer.types.map((type) => [type, {}]));
    case 'events':
      return {
        'text/event-stream': {
          schema: {
            type: 'string',
            contentSchema: { anyOf: answer.schemas.map((schema) => reference(schema)) },
          },
        },
      };
    default:
      return answer satisfies never;
  }
}

function textContent(suffix: (typeof formatSuffixes)[number]): JsonObject {
  return { [suffix === '.csv' ? 'text/csv' : 'application/x-ndjson']: { schema: { type: 'string' } } };
}

function headersOf(answer: Answer): JsonObject {
  const text = (description: string): JsonObject => ({ description, schema: { type: 'string' } });
  if (answer.kind === 'collection') {
    const incomplete = text(
      'One sentence where not everything that was asked for could be looked at in time.',
    );
    return { headers: { [incompleteHeader]: incomplete } };
  }
  if (answer.kind !== 'bytes') return {};
  return {
    headers: {
      'x-weir-content-type': text('Content type that the body had on the wire.'),
      'x-weir-content-encoding': text('Content encoding that the body had on the wire, and still has.'),
    },
  };
}

function reference(schema: z.ZodType, io: 'input' | 'output' = 'output'): JsonObject {
  const id = named.get(schema)?.id;
  return id === undefined
    ? withoutIds(z.toJSONSchema(schema, { io }))
    : { $ref: `#/components/schemas/${id}` };
}

function pathParameters(path: string): JsonObject[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
}

function queryParameters(query: QuerySchema): JsonObject[] {
  const { properties = {}, required = [] } = z.toJSONSchema(query, { io: 'input' });
  return Object.entries(properties).map(([name, property]) => {
    const { description, ...schema } = typeof property === 'object' ? property : {};
    return {
      name,
      in: 'query',
      ...(required.includes(name) ? { required: true } : {}),
      ...(description === undefined ? {} : { description }),
      ...(isRepeatable(query.shape[name]) ? { explode: true } : {}),
      schema,
    };
  });
}
