/**
 * How the bytes of a body arrived: how many at a time, and when. Most chunks end where an event of a stream ends, so that this is
 * told of them instead of their length. Pure.
 */
import { BitReader, BitWriter, NumberCode } from './bits.ts';
import { decodeVarints, encodeVarints } from './varints.ts';

/** How many bytes arrived when, microseconds from the start of the call. */
export interface Mark {
  readonly bytes: number;
  readonly atUs: number;
}

/** What is told of a chunk: it is one event, has a length that is told next, is the rest of the body, or (from 3 on) is one event less than that. */
const ends = { event: 0, length: 1, rest: 2 } as const;
const newline = 0x0a;
/** A chunk takes a bit for its end and one for its time at least. */
const chunksPerByte = 4;

/** Null without chunks. @param marks of the whole body, none of them empty, in ascending order of their times */
export function packMarks(body: Buffer, marks: readonly Mark[]): Buffer | null {
  if (marks.length === 0) return null;
  const bits = new BitWriter();
  const codes = createCodes();
  let [at, lastUs] = [0, 0];
  for (const { bytes, atUs } of marks) {
    const end = endOf(body, at, at + bytes);
    codes.ends.write(bits, end);
    if (end === ends.length) codes.lengths.write(bits, bytes);
    codes.times.write(bits, atUs - lastUs);
    at += bytes;
    lastUs = atUs;
  }
  return Buffer.concat([encodeVarints([marks.length]), bits.bytes()]);
}

/** @throws for bytes that `packMarks` did not make */
export function unpackMarks(body: Buffer, packed: Buffer | null): Mark[] {
  if (packed === null) return [];
  const headBytes = packed.findIndex((byte) => byte < 0x80) + 1;
  const [count] = decodeVarints(packed.subarray(0, headBytes));
  if (count === undefined || count > packed.byteLength * chunksPerByte)
    throw new Error('times of chunks that are cut off');
  const bits = new BitReader(packed.subarray(headBytes));
  const codes = createCodes();
  const marks: Mark[] = [];
  let [at, atUs] = [0, 0];
  while (marks.length < count) {
    const end = codes.ends.read(bits);
    const bytes = end === ends.length ? codes.lengths.read(bits) : lengthTo(body, at, end);
    atUs += codes.times.read(bits);
    marks.push({ bytes, atUs });
    at += bytes;
  }
  return marks;
}

function createCodes() {
  return { ends: new NumberCode(), lengths: new NumberCode(), times: new NumberCode() };
}

function endOf(body: Buffer, at: number, end: number): number {
  if (end === body.byteLength) return ends.rest;
  if (body[end - 1] !== newline || body[end - 2] !== newline) return ends.length;
  let [events, reached] = [0, at];
  for (; reached < end; events += 1) reached = afterEvent(body, reached);
  if (reached !== end) return ends.length;
  return events === 1 ? ends.event : events + 1;
}

function lengthTo(body: Buffer, at: number, end: number): number {
  if (end === ends.rest) return body.byteLength - at;
  let reached = at;
  for (let events = end === ends.event ? 1 : end - 1; events > 0 && reached < body.byteLength; events -= 1) {
    reached = afterEvent(body, reached);
  }
  return reached - at;
}

function afterEvent(body: Buffer, at: number): number {
  // Events are short: a native search costs more to begin than it saves. One of two newlines is at every second byte.
  for (let end = at + 1; end < body.byteLength; end += 2) {
    if (body[end] !== newline) continue;
    if (body[end - 1] === newline) return end + 1;
    if (body[end + 1] === newline) return end + 2;
  }
  return body.byteLength;
}
