/** One endpoint of the API: what it takes, what it answers and the function that does it, for router and description alike. */
import type { Request, Response } from 'express';
import { z } from 'zod';
import { readJsonBody } from './json-body.ts';
import { readQuery, type QuerySchema } from './query.ts';

/** What an endpoint answers with besides problems. */
export type Answer =
  | { readonly kind: 'json'; readonly schema: z.ZodType }
  /** JSON, and the same rows as CSV and NDJSON under `.csv` and `.ndjson`. */
  | { readonly kind: 'collection'; readonly schema: z.ZodType }
  | { readonly kind: 'bytes' }
  /** A download in one of several content types. */
  | { readonly kind: 'file'; readonly types: readonly string[] }
  | { readonly kind: 'events'; readonly schemas: readonly z.ZodType[] };

export interface Endpoint {
  /** `get` answers HEAD too. */
  readonly method: 'get' | 'post';
  /** Below `/-/api/v1`, as Express writes it. */
  readonly path: string;
  readonly summary: string;
  readonly query: QuerySchema;
  /** Of the JSON that it takes; null where it takes none. */
  readonly body: z.ZodObject | null;
  readonly answer: Answer;
  /** Statuses of its answers besides problems. */
  readonly statuses: readonly number[];
  readonly handle: (request: Request, response: Response) => Promise<void> | void;
}

/** As `Endpoint`, but the handler gets the checked query. */
export interface EndpointSpec<Schema extends QuerySchema> {
  readonly path: string;
  readonly summary: string;
  readonly query: Schema;
  readonly answer: Answer;
  readonly handle: (query: z.output<Schema>, request: Request, response: Response) => Promise<void> | void;
}

export function defineEndpoint<Schema extends QuerySchema>(spec: EndpointSpec<Schema>): Endpoint {
  return {
    ...spec,
    method: 'get',
    body: null,
    statuses: [200],
    handle: (request, response) => spec.handle(readQuery(request, spec.query), request, response),
  };
}

/** What changes something: takes a JSON object in a POST and no query; the handler gets the checked body. */
export interface ActionSpec<Body extends z.ZodObject> {
  readonly path: string;
  readonly summary: string;
  readonly body: Body;
  readonly answer: Answer;
  readonly statuses: readonly number[];
  readonly handle: (body: z.output<Body>, request: Request, response: Response) => Promise<void>;
}

export function defineAction<Body extends z.ZodObject>(spec: ActionSpec<Body>): Endpoint {
  const query = z.strictObject({});
  return {
    ...spec,
    method: 'post',
    query,
    async handle(request, response) {
      readQuery(request, query);
      await spec.handle(await readJsonBody(request, spec.body), request, response);
    },
  };
}

/** Answers with `value` as JSON; 200 unless `statusCode` says otherwise. */
export function sendJson(response: Response, value: unknown): void {
  sendJsonBytes(response, Buffer.from(JSON.stringify(value)));
}

/** Answers 200 with JSON that another process has encoded. */
export function sendJsonBytes(response: Response, body: Uint8Array): void {
  response.setHeader('content-type', 'application/json; charset=utf-8');
  response.setHeader('content-length', body.byteLength);
  response.end(body);
}
