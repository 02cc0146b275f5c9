import { randomBytes } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { packBody, unpackBody, unpackChunks } from '../../server/store/bodies.ts';

const text = (bytes: number): Buffer =>
  Buffer.from('The river goes on, and it is measured. '.repeat(bytes / 39 + 1)).subarray(0, bytes);

describe('packBody', () => {
  test('any chunks come back with the same bytes, the same splits and the same moments', () => {
    const chunk = fc.record({
      bytes: fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.integer({ min: 0, max: 40_000 }).map(text)),
      gapUs: fc.oneof(fc.nat(50_000), fc.constant(3 * 0xffffffff)),
    });
    fc.assert(
      fc.property(fc.array(chunk, { maxLength: 20 }), (parts) => {
        let atUs = 0;
        const chunks = parts.map(({ bytes, gapUs }) => ({ bytes, atUs: (atUs += gapUs) }));
        const packed = packBody(chunks);
        expect(unpackBody(packed).bytes.equals(Buffer.concat(parts.map((part) => part.bytes)))).toBe(true);
        const filled = chunks.filter((each) => each.bytes.byteLength > 0);
        const unpacked = unpackChunks(packed);
        expect(unpacked.map((each) => each.atUs)).toEqual(filled.map((each) => each.atUs));
        expect(unpacked.map((each) => Buffer.from(each.bytes))).toEqual(
          filled.map((each) => Buffer.from(each.bytes)),
        );
      }),
      { numRuns: 60 },
    );
  });

  test('text is deflated, what is compressed already is kept as it is', () => {
    const packedText = packBody([{ bytes: text(200_000), atUs: 1 }]);
    expect([packedText.packing, packedText.kept_bytes]).toEqual(['deflate', 200_000]);
    expect(packedText.bytes.byteLength).toBeLessThan(20_000);
    const noise = randomBytes(200_000);
    const packedNoise = packBody([{ bytes: noise, atUs: 1 }]);
    expect(packedNoise.packing).toBe('raw');
    expect(packedNoise.bytes.equals(noise)).toBe(true);
  });

  test('a damaged row is an error, not other bytes', () => {
    const packed = packBody([{ bytes: text(5000), atUs: 0 }]);
    expect(() => unpackBody({ ...packed, kept_bytes: 4999 })).toThrow();
    expect(() => unpackBody({ ...packed, kept_bytes: 5001 })).toThrow(/unpacks to 5000/);
    expect(() => unpackBody({ ...packed, bytes: packed.bytes.subarray(0, 10) })).toThrow();
    expect(() => unpackBody({ ...packed, packing: 'zip' })).toThrow(/unknown packing/);
  });
});
