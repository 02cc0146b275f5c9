/**
 * What an entry of the chain says, as bytes and hashes. Pure. A hash covers everything that is never rewritten; docs/audit.md tells
 * in full what that proves. None of this may change for entries that exist: a new column is left out where it is NULL, so that
 * older hashes stay what they were.
 */
import { hash } from 'node:crypto';
import { getTableColumns } from 'drizzle-orm';
import { costParts } from './cost-parts.ts';
import { callDetails, calls, costRevisions, type CostRevisionRow } from './tables.ts';
import { decodeVarints, encodeVarints } from './varints.ts';

/**
 * `call`: it ended, or was recorded again (settles its entry before). `begin`: the first of a writer. `revision`: a cost was corrected.
 * `expired`: the bodies of the calls with these entries were removed. `removed`: retention removed the calls of these entries.
 */
export const entryKinds = ['call', 'begin', 'revision', 'expired', 'removed'] as const;
export type EntryKind = (typeof entryKinds)[number];

/** Columns by name, as they are bound or read. */
export type Columns = Readonly<Record<string, unknown>>;

/** Where what a call first cost stands: in its row and its details, or in its first revision, which is both. */
export interface RecordedCosts {
  readonly row: Columns;
  readonly details: Columns;
}

/** What a call costs, and the notes that go with it: all that may be corrected afterwards. */
const costColumns = ['cache_saved_nano_usd', 'computed_cost_nano_usd', 'cost_nano_usd', 'cost_source'];
const noteColumns = ['cost_lines', 'notes'];
/** Parts of the cost follow from its lines; what the cache lost follows from the bodies of two calls, and may be judged anew. */
const derivedColumns = [
  ...costParts,
  'cache_miss_cause',
  'cache_miss_at',
  'cache_lost_tokens',
  'cache_lost_nano_usd',
];
const factColumns = namesOf(calls, [...costColumns, ...derivedColumns]);
const detailColumns = namesOf(callDetails, [...noteColumns, 'call_id', 'saved_seq', 'writer', 'chain']);
const revisionColumns = namesOf(costRevisions, ['chain']);

function namesOf(
  table: typeof calls | typeof callDetails | typeof costRevisions,
  without: readonly string[],
): readonly string[] {
  return Object.keys(getTableColumns(table))
    .filter((name) => !without.includes(name))
    .toSorted();
}

/** @param costs of the call as it was first recorded: its row and details, or its first revision */
export function callHash(row: Columns, details: Columns, costs: RecordedCosts): Buffer {
  const { cost_lines: lines, notes } = costs.details;
  // A first revision says "no lines" where the details of a call that nobody looked into say nothing.
  const remarks = { cost_lines: lines === '[]' ? null : lines, notes };
  const facts = [
    factsOf(row, factColumns),
    factsOf(details, detailColumns),
    factsOf(costs.row, costColumns),
    factsOf(remarks, noteColumns),
  ];
  return hash('sha256', facts.join('\n'), 'buffer');
}

export function revisionHash(revision: CostRevisionRow): Buffer {
  return hash('sha256', factsOf({ ...revision }, revisionColumns), 'buffer');
}

/** As every engine can hold it: UTF-8, and no NUL, for which PostgreSQL has no place. */
function storable(text: string): string {
  const whole = text.toWellFormed();
  return whole.includes('\0') ? whole.replaceAll('\0', '\u{fffd}') : whole;
}

/** Unknown is left out. A text stands behind its length, and as it can be stored. */
function factsOf(columns: Columns, names: readonly string[]): string {
  let facts = '';
  for (const name of names) {
    const value = columns[name];
    if (typeof value === 'number') facts += `${name} ${value}\n`;
    else if (typeof value === 'string') facts += `${name} ${value.length}:${storable(value)}\n`;
  }
  return facts;
}

/** An entry without what binds it to the one before. */
export interface EntryContent {
  readonly id: number;
  readonly kind: number;
  readonly call: Buffer | null;
  readonly hash: Buffer;
  readonly note: Buffer | null;
}

/** Before the first entry of a writer. */
export const noLink: Buffer = Buffer.alloc(32);

/** @param before link of the entry before */
export function linkOf(before: Buffer, { id, kind, call, hash: said, note }: EntryContent): Buffer {
  const head = Buffer.alloc(10);
  head.writeUInt32BE(Math.floor(id / 2 ** 32), 0);
  head.writeUInt32BE(id % 2 ** 32, 4);
  head.writeUInt8(kind, 8);
  head.writeUInt8(call?.byteLength ?? 0, 9);
  const bytes = Buffer.concat([before, head, said, call ?? noBytes, note ?? noBytes]);
  return hash('sha256', bytes, 'buffer');
}

const noBytes = Buffer.alloc(0);
const entriesOfWriter = 2 ** 40;

/** @param entry from 1; 0 is before all of them */
export function entryId(writer: number, entry: number): number {
  return writer * entriesOfWriter + entry;
}

/** From 1. */
export function entryNumber(id: number): number {
  return id % entriesOfWriter;
}

export function writerOfEntry(id: number): number {
  return Math.floor(id / entriesOfWriter);
}

/** Ids of ours are UUIDs and take 16 bytes; any other one, cut at 200 bytes, stands behind 16 zero bytes. */
export function callBytes(id: string): Buffer {
  return uuid.test(id)
    ? Buffer.from(id.replaceAll('-', ''), 'hex')
    : Buffer.concat([nilUuid, Buffer.from(id).subarray(0, 200)]);
}

export function callIdOf(bytes: Buffer): string {
  if (bytes.byteLength !== 16) return bytes.subarray(16).toString();
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

const uuid = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/;
const nilUuid = Buffer.alloc(16);

/** Entries in ascending order as few bytes: neighbours are one byte each. */
export function encodeEntryIds(ids: readonly number[]): Buffer {
  const sorted = ids.toSorted((a, b) => a - b);
  return encodeVarints(sorted.map((id, index) => id - (sorted[index - 1] ?? 0)));
}

/** Throws for bytes that are none of ours. */
export function decodeEntryIds(bytes: Buffer): number[] {
  let id = 0;
  return decodeVarints(bytes).map((step) => (id += step));
}
