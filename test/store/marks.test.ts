import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BitReader, BitWriter, NumberCode } from '../../server/store/bits.ts';
import { packMarks, unpackMarks } from '../../server/store/marks.ts';

const gapUs = fc.oneof(fc.nat(70_000), fc.nat(3), fc.constantFrom(2 ** 31, 2 ** 32, 2 ** 40 + 1));
const chunk = fc.record({
  text: fc.oneof(
    fc
      .array(fc.constantFrom('\n', '\n\n', 'a', 'data: x\n\n'), { minLength: 1 })
      .map((parts) => parts.join('')),
    fc.string({ minLength: 1, maxLength: 300 }),
  ),
  gapUs,
});

describe('packMarks', () => {
  test('how chunks arrived is told exactly, wherever they were split', () => {
    fc.assert(
      fc.property(fc.array(chunk, { minLength: 1, maxLength: 60 }), (chunks) => {
        let atUs = 0;
        const marks = chunks.map(({ text, gapUs: gap }) => ({
          bytes: Buffer.byteLength(text),
          atUs: (atUs += gap),
        }));
        const body = Buffer.from(chunks.map(({ text }) => text).join(''));
        expect(unpackMarks(body, packMarks(body, marks))).toEqual(marks);
      }),
      { numRuns: 400 },
    );
  });

  test('a chunk that is an event, or a few, takes little more than what its time differs by', () => {
    const event = 'event: ping\ndata: {"type":"ping"}\n\n';
    const body = Buffer.from(event.repeat(300));
    let atUs = 0;
    const marks = Array.from({ length: 200 }, (_, at) => ({
      bytes: event.length * (1 + (at % 2)),
      atUs: (atUs += 1000 + ((at * 7919) % 1000)),
    }));
    // Ten bits are what tells one of a thousand moments from the others.
    expect(packMarks(body, marks)?.byteLength).toBeLessThan(200 * 2);
    expect(packMarks(body, [])).toBeNull();
  });

  test('times that are cut off or none are refused', () => {
    const body = Buffer.from('ab');
    const packed = packMarks(body, [
      { bytes: 1, atUs: 70_000 },
      { bytes: 1, atUs: 2 ** 50 },
    ]);
    expect(() => unpackMarks(body, packed?.subarray(0, -1) ?? null)).toThrow(/cut off/);
    expect(() => unpackMarks(body, Buffer.of(0xff, 0xff, 0xff, 0x7f, 0))).toThrow(/cut off/);
    expect(() => unpackMarks(body, Buffer.of(1, ...Buffer.alloc(20, 0xff), 0))).toThrow(/no number/);
    expect(() => unpackMarks(body, Buffer.of())).toThrow();
  });
});

test('numbers of every size come back out of their bits', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.nat(5), fc.maxSafeNat())), (numbers) => {
      const [writer, reading] = [new NumberCode(), new NumberCode()];
      const bits = new BitWriter();
      for (const number of numbers) writer.write(bits, number);
      const reader = new BitReader(bits.bytes());
      expect(numbers.map(() => reading.read(reader))).toEqual(numbers);
    }),
  );
});
