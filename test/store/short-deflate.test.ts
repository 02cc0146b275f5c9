import { inflateRawSync } from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createShortDeflate } from '../../server/store/short-deflate.ts';

const words = [
  '"content-type","',
  'application/json',
  'request-id',
  '0123456789',
  'é',
  '\u{1f30a}',
  '\0',
  'a',
];
const dictionary = Buffer.from(
  `${words.join('')} behind them more than two hundred and fifty-eight: ${'-'.repeat(300)}`,
);
const short = createShortDeflate(dictionary);

function unpacked(packed: Buffer | null): string {
  return inflateRawSync(packed?.subarray(1) ?? Buffer.alloc(0), { dictionary }).toString();
}

describe('a short text', () => {
  test('is inflated again by zlib, whatever it is', () => {
    const text = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 300 }),
      fc
        .array(fc.oneof(fc.constantFrom(...words), fc.string({ maxLength: 5 })), { maxLength: 120 })
        .map((parts) => parts.join('')),
      fc.tuple(fc.constantFrom('-', 'ab', 'é'), fc.nat(1200)).map(([part, times]) => part.repeat(times)),
    );
    fc.assert(
      fc.property(text, fc.nat(255), (each, first) => {
        const packed = short.pack(first, each);
        expect(packed?.[0]).toBe(first);
        expect(unpacked(packed)).toBe(each);
      }),
      { numRuns: 1000 },
    );
  });

  test('takes a few bytes where the dictionary has it', () => {
    const text = 'request-id behind them more than two hundred';
    expect(short.pack(1, text)?.byteLength).toBeLessThan(12);
    expect(unpacked(short.pack(1, text))).toBe(text);
  });

  test('of more than 4 kB is none', () => {
    expect(unpacked(short.pack(1, 'x'.repeat(4096)))).toBe('x'.repeat(4096));
    expect(short.pack(1, 'x'.repeat(4097))).toBeNull();
    expect(short.pack(1, 'é'.repeat(2049))).toBeNull();
  });
});
