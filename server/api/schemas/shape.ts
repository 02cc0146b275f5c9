/**
 * What the schemas of the API's answers are made of, and the one of its errors. The description is generated from them, and each is
 * checked, both ways, to be the type of wire.ts that has its name, so that description and types cannot part.
 */
import { z } from 'zod';
import type * as wire from '../wire.ts';

/** Fails to compile where the schema's output and `Wire` differ in any direction. */
export function exactly<Wire>() {
  return <Schema extends z.ZodType<Wire>>(
    schema: [Wire] extends [z.output<Schema>] ? Schema : never,
  ): Schema => schema;
}

export const integer = z.int();

export const orNull = <Schema extends z.ZodType>(schema: Schema) => schema.nullable();

export const nullableText = z.string().nullable();

export const nullableInteger = integer.nullable();

export const nullableBit = integer.min(0).max(1).nullable();

export const nullableNumber = z.number().nullable();

/** The same schema for each of these names. */
export function shapeOf<Name extends string, Schema extends z.ZodType>(
  names: readonly Name[],
  schema: Schema,
): Record<Name, Schema> {
  // What the library's type of this function cannot say.
  return Object.fromEntries(names.map((name) => [name, schema])) as Record<Name, Schema>;
}

export const problemSchema = exactly<wire.Problem>()(
  z.strictObject({ type: z.string(), title: z.string(), status: integer, detail: z.string() }),
);
