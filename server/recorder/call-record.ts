/**
 * A call that has ended, as bytes that can be kept without a look into them: `length of the facts | facts as JSON | length and time of
 * each chunk | bytes of the request | bytes of the answer`. Pure.
 */
import type { ExchangeEnd, ExchangeHead, ExchangeOpen } from '../exchange.ts';
import type { EndedCall, KeptBody } from './assembly.ts';

const version = 1;
const lengthBytes = 4;
/** Of a chunk: its length and its time. */
const markBytes = 16;

interface BodyFacts {
  readonly chunks: number;
  readonly whole: boolean;
  readonly sha256: string | null;
}

interface Facts {
  readonly version: number;
  readonly open: ExchangeOpen;
  readonly head: ExchangeHead | null;
  readonly end: ExchangeEnd;
  readonly request: BodyFacts;
  readonly response: BodyFacts;
}

/** Its parts in their order; bodies are not copied. */
export function encodeCall({ open, head, end, request, response }: EndedCall): Uint8Array[] {
  const facts = { version, open, head, end, request: factsOf(request), response: factsOf(response) };
  const chunks = [...request.chunks, ...response.chunks];
  return [headOf(facts, chunks), ...chunks.map(({ bytes }) => bytes)];
}

/** All but the bodies, in one piece: small calls come by the thousand. */
function headOf(facts: Facts, chunks: KeptBody['chunks']): Uint8Array {
  const text = JSON.stringify(facts);
  const textBytes = Buffer.byteLength(text);
  const head = Buffer.allocUnsafe(lengthBytes + textBytes + chunks.length * markBytes);
  head.writeUInt32LE(textBytes);
  let at = lengthBytes + head.write(text, lengthBytes);
  for (const { bytes, atUs } of chunks) {
    head.writeDoubleLE(bytes.byteLength, at);
    head.writeDoubleLE(atUs, at + markBytes / 2);
    at += markBytes;
  }
  return head;
}

/** @throws Error for bytes that another version of this program wrote */
export function decodeCall(payload: Uint8Array): EndedCall {
  // A copy of its own: a chunk that is kept somewhere must not keep a whole file in memory.
  const bytes = Buffer.from(Uint8Array.from(payload).buffer);
  const marksAt = lengthBytes + bytes.readUInt32LE(0);
  const facts = JSON.parse(bytes.toString('utf8', lengthBytes, marksAt)) as Facts;
  if (facts.version !== version) throw new Error(`a call in form ${facts.version}`);
  const { open, head, end, request, response } = facts;
  const marksBytes = (request.chunks + response.chunks) * markBytes;
  const marks = new Float64Array(bytes.buffer.slice(marksAt, marksAt + marksBytes));
  let [mark, offset] = [0, marksAt + marksBytes];
  const bodyOf = ({ chunks: count, whole, sha256 }: BodyFacts): KeptBody => {
    const [chunks, startedAt] = [[] as KeptBody['chunks'][number][], offset];
    for (let left = count; left > 0; left--) {
      const length = marks[mark++] ?? 0;
      chunks.push({ bytes: bytes.subarray(offset, offset + length), atUs: marks[mark++] ?? 0 });
      offset += length;
    }
    return { chunks, keptBytes: offset - startedAt, whole, sha256 };
  };
  return { open, head, end, request: bodyOf(request), response: bodyOf(response) };
}

function factsOf({ chunks, whole, sha256 }: KeptBody): BodyFacts {
  return { chunks: chunks.length, whole, sha256 };
}
