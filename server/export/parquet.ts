/** Calls as a Parquet file, made piece by piece: what is in memory is one row group, however many calls there are. */
import { ByteWriter, ParquetWriter, schemaFromColumnData } from 'hyparquet-writer';
import { z } from 'zod';
import { callSchema } from '../api/schemas/call.ts';
import type { Call } from '../api/wire.ts';

/** Takes calls and gives back the bytes of the file, in order. */
export interface ParquetEncoder {
  /** What the file goes on with; often nothing, as rows are written in groups. */
  add(calls: readonly Call[]): Uint8Array[];
  /** The rest of the file. */
  finish(): Uint8Array[];
}

type ColumnType = 'STRING' | 'JSON' | 'INT32' | 'INT64' | 'TIMESTAMP';

interface Column {
  readonly name: string;
  readonly type: ColumnType;
  readonly valueOf: (call: Call) => unknown;
}

/** About 20 MB of calls; readers want groups that are not much smaller. */
const groupRows = 20_000;

const jsonColumns: ReadonlySet<string> = new Set(['tags']);
const bitColumns: ReadonlySet<string> = new Set(['stream', 'usage_complete', 'demo', 'status']);
/** The columns of a call, integers as integers; `started` and `ended` are timestamps in UTC. */
export const parquetColumns: readonly Column[] = Object.keys(callSchema.shape).map(columnOf);

function columnOf(name: string): Column {
  const read = (call: Call): unknown => call[name as keyof Call];
  if (name === 'started') return { name, type: 'TIMESTAMP', valueOf: (call) => new Date(call.started_ms) };
  if (name === 'ended') {
    return { name, type: 'TIMESTAMP', valueOf: ({ ended_ms: ms }) => (ms === null ? null : new Date(ms)) };
  }
  if (jsonColumns.has(name)) return { name, type: 'JSON', valueOf: read };
  if (bitColumns.has(name)) return { name, type: 'INT32', valueOf: read };
  if (isNumber(name)) return { name, type: 'INT64', valueOf: (call) => toBigInt(read(call)) };
  return { name, type: 'STRING', valueOf: read };
}

function isNumber(name: string): boolean {
  const schema = callSchema.shape[name as keyof Call];
  return (schema instanceof z.ZodNullable ? schema.unwrap() : schema) instanceof z.ZodNumber;
}

function toBigInt(value: unknown): bigint | null {
  return typeof value === 'number' ? BigInt(Math.trunc(value)) : null;
}

export function createParquetEncoder(createdBy: string): ParquetEncoder {
  const sink = new ByteWriter();
  const schema = schemaFromColumnData({
    columnData: parquetColumns.map(({ name, type }) => ({ name, type, data: [] })),
  });
  const writer = new ParquetWriter({ writer: sink, schema, createdBy });
  let waiting: Call[] = [];

  const take = (): Uint8Array[] => {
    const bytes = new Uint8Array(sink.getBuffer());
    // `offset` goes on counting the file; only the buffer begins anew.
    sink.index = 0;
    return bytes.byteLength === 0 ? [] : [bytes];
  };
  const writeGroup = (): void => {
    const columnData = parquetColumns.map(({ name, valueOf }) => ({ name, data: waiting.map(valueOf) }));
    waiting = [];
    void writer.write({ columnData, rowGroupSize: groupRows });
  };

  return {
    add(calls) {
      waiting.push(...calls);
      if (waiting.length >= groupRows) writeGroup();
      return take();
    },
    finish() {
      if (waiting.length > 0) writeGroup();
      void writer.finish();
      return take();
    },
  };
}
