/** The JSON body of a request to our own side: bounded, parsed once, narrowed by a schema. */
import type { Request } from 'express';
import { z } from 'zod';
import { isObject, parseJson } from '../messages/json.ts';
import { ApiError } from './errors.ts';
import { describeIssue, describeUnknown } from './query.ts';

/** A merge patch may hold a whole new prompt; a body larger than what upstreams take is a mistake. */
const mostBytes = 32 * 1024 * 1024;

/**
 * The object in the body of `request` as `schema` sees it; no body at all is an empty object.
 * @throws ApiError `bad_body` with a sentence that names the field, `body_too_large`, `unsupported_media_type`
 */
export async function readJsonBody<Schema extends z.ZodObject>(
  request: Request,
  schema: Schema,
): Promise<z.output<Schema>> {
  const bytes = await readBytes(request);
  if (bytes.byteLength === 0) return narrow({}, schema);
  if (request.is('application/json') === false) {
    throw new ApiError(
      'unsupported_media_type',
      'Send JSON, with the header content-type: application/json.',
    );
  }
  const parsed = parseJson(bytes.toString('utf8'));
  // Not the parser's own words: they quote the body, and a key may stand in it.
  if (!parsed.ok || !isObject(parsed.value)) throw new ApiError('bad_body', 'The body is no JSON object.');
  return narrow(parsed.value, schema);
}

function narrow<Schema extends z.ZodObject>(value: object, schema: Schema): z.output<Schema> {
  const known = Object.keys(schema.shape);
  const unknown = Object.keys(value).find((name) => !known.includes(name));
  if (unknown !== undefined) throw new ApiError('bad_body', describeUnknown('field', unknown, known));
  const narrowed = schema.safeParse(value);
  if (narrowed.success) return narrowed.data;
  throw new ApiError('bad_body', describeIssue('field', narrowed.error));
}

async function readBytes(request: Request): Promise<Buffer> {
  const parts: Buffer[] = [];
  let length = 0;
  // Who sends too much is answered, and not merely cut off.
  const stream: AsyncIterable<Buffer> = request.iterator({ destroyOnReturn: false });
  for await (const part of stream) {
    length += part.byteLength;
    if (length > mostBytes) {
      throw new ApiError('body_too_large', `A body may be ${mostBytes / 1024 ** 2} MB long.`);
    }
    parts.push(part);
  }
  return Buffer.concat(parts);
}
