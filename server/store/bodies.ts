/** Packs the wire bytes of a body for its row and unpacks them again, with the moments they arrived at. Pure. */
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { joinChunks } from '../messages/chunks.ts';
import { packMarks, unpackMarks, type Mark } from './marks.ts';
import type { BodyRow } from './tables.ts';

/** Bytes that arrived together; `atUs`: microseconds from the start of the call. */
export interface BodyChunk {
  readonly bytes: Uint8Array;
  readonly atUs: number;
}

/** Columns of a body's row. */
export type PackedBody = Pick<BodyRow, 'packing' | 'bytes' | 'kept_bytes' | 'marks'>;

/** Below this a deflate header costs more than it saves. */
const MIN_DEFLATE_BYTES = 128;
const PROBE_BYTES = 4096;
/** Level 6 packs prose about a sixth smaller than level 1 and takes three times as long. */
const DEFLATE_LEVEL = 1;

/** Chunks in their order as one body, not packed; a single chunk is not copied. */
export function joinBody(chunks: readonly BodyChunk[]): PackedBody {
  const joined = joinChunks(chunks);
  const bytes = Buffer.from(joined.buffer, joined.byteOffset, joined.byteLength);
  return { packing: 'raw', bytes, kept_bytes: bytes.byteLength, marks: packMarks(bytes, marksOf(chunks)) };
}

/** The same, deflated where that saves at least a tenth. */
export function packBody(chunks: readonly BodyChunk[]): PackedBody {
  const body = joinBody(chunks);
  if (!isWorthDeflating(body.bytes)) return body;
  const deflated = deflateRawSync(body.bytes, { level: DEFLATE_LEVEL });
  return deflated.byteLength <= body.kept_bytes * 0.9
    ? { ...body, packing: 'deflate', bytes: deflated }
    : body;
}

/** The wire bytes and their marks. Throws when the row is damaged: a packing we don't know, or a length that is not `kept_bytes`. */
export function unpackBody(row: PackedBody): { bytes: Buffer; marks: Mark[] } {
  const bytes = unpackBytes(row);
  return { bytes, marks: unpackMarks(bytes, row.marks) };
}

/** The body as it arrived: its bytes, cut at its marks. Bytes beyond the marks come as a last chunk. */
export function unpackChunks(row: PackedBody): BodyChunk[] {
  const { bytes, marks } = unpackBody(row);
  const chunks: BodyChunk[] = [];
  let offset = 0;
  for (const mark of marks) {
    if (offset >= bytes.byteLength) break;
    chunks.push({ bytes: bytes.subarray(offset, offset + mark.bytes), atUs: mark.atUs });
    offset += mark.bytes;
  }
  if (offset < bytes.byteLength)
    chunks.push({ bytes: bytes.subarray(offset), atUs: marks.at(-1)?.atUs ?? 0 });
  return chunks;
}

function isWorthDeflating(bytes: Buffer): boolean {
  if (bytes.byteLength < MIN_DEFLATE_BYTES) return false;
  if (bytes.byteLength <= 4 * PROBE_BYTES) return true;
  // A compressed answer or an image tells so in its middle: don't spend milliseconds to learn it.
  const middle = bytes.byteLength >> 1;
  const probe = bytes.subarray(middle, middle + PROBE_BYTES);
  return deflateRawSync(probe, { level: DEFLATE_LEVEL }).byteLength <= PROBE_BYTES * 0.97;
}

/** The wire bytes. Throws as `unpackBody` does. */
export function unpackBytes({ packing, bytes, kept_bytes: keptBytes }: PackedBody): Buffer {
  if (packing !== 'raw' && packing !== 'deflate') throw new Error(`unknown packing ${packing}`);
  // One byte more than promised is enough to see that the row is damaged, and bounds what a damaged row can unfold to.
  const unpacked = packing === 'raw' ? bytes : inflateRawSync(bytes, { maxOutputLength: keptBytes + 1 });
  if (unpacked.byteLength !== keptBytes) {
    throw new Error(`a body of ${keptBytes} bytes unpacks to ${unpacked.byteLength}`);
  }
  return unpacked;
}

/** Empty chunks leave no mark. */
function marksOf(chunks: readonly BodyChunk[]): Mark[] {
  const marks: Mark[] = [];
  let lastUs = 0;
  for (const chunk of chunks) {
    if (chunk.bytes.byteLength === 0) continue;
    lastUs = Math.max(lastUs, Math.round(chunk.atUs));
    marks.push({ bytes: chunk.bytes.byteLength, atUs: lastUs });
  }
  return marks;
}
