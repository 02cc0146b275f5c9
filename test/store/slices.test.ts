import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decodeSlices,
  encodeSlices,
  findList,
  joinSlices,
  placeList,
  type SliceList,
} from '../../server/store/slices.ts';
import { decodeVarints, encodeVarints } from '../../server/store/varints.ts';

const number = fc.integer({ min: 0, max: 2 ** 40 });
const slice = fc.record({ pack: fc.nat(50), offset: number, length: fc.nat(5000) });

describe('encodeSlices', () => {
  test('what is encoded is decoded again, whatever the order of packs', () => {
    fc.assert(
      fc.property(fc.nat(0xffff), fc.array(slice, { maxLength: 300 }), (day, slices) => {
        // Some come again, near and far.
        const all = [...slices, ...slices.slice(0, 40), ...slices.slice(-5)];
        expect(decodeSlices(encodeSlices(day, all))).toEqual({ day, slices: all });
      }),
    );
  });

  test('what stands between messages is named by one number', () => {
    const between = { pack: 1, offset: 40, length: 35 };
    const slices = Array.from({ length: 200 }, (_, pack) => [
      { pack, offset: 0, length: 3000 + pack },
      between,
    ]);
    expect(encodeSlices(20_000, slices.flat()).byteLength).toBeLessThan(200 * 7);
  });

  test('what it did not make is refused', () => {
    const good = encodeSlices(20_000, [{ pack: 3, offset: 4, length: 5 }]);
    for (const bad of [Buffer.of(), good.subarray(0, -1), Buffer.of(1, 9)]) {
      expect(() => decodeSlices(bad)).toThrow();
    }
  });
});

describe('placeList', () => {
  const day = 20_000;
  const short = [{ pack: 3, offset: 4, length: 5 }];
  const long = Array.from({ length: 100 }, (_, pack) => ({ pack, offset: 7 * pack, length: 5 }));

  test('a short list is in the row, a long one in the pack, and both are found', () => {
    const added: Buffer[] = [];
    const add = (bytes: Buffer) => {
      added.push(bytes);
      return { pack: 9, offset: 1000, length: bytes.byteLength };
    };
    const [inRow, inPack] = [placeList(day, short, add), placeList(day, long, add)];
    expect(added).toHaveLength(1);
    expect(inPack.byteLength).toBeLessThan(12);
    const read = (list: SliceList): Buffer => {
      expect(list).toEqual({ day, slices: [{ pack: 9, offset: 1000, length: added[0]?.byteLength }] });
      return added[0] ?? Buffer.of();
    };
    expect(findList(inRow, read)).toEqual({ day, slices: short });
    expect(findList(inPack, read)).toEqual({ day, slices: long });
  });

  test('a row that tells of none is refused, and so is one that asks for more memory than a list has', () => {
    const read = (): Buffer => Buffer.of();
    const huge = Buffer.concat([Buffer.of(1), encodeSlices(day, [{ pack: 1, offset: 0, length: 2 ** 40 }])]);
    for (const bad of [Buffer.of(), Buffer.of(2, 1), Buffer.of(0, 1, 9), huge]) {
      expect(() => findList(bad, read)).toThrow();
    }
  });
});

test('slices that lie one behind the other in a pack become one', () => {
  const [a, b, c] = [
    { pack: 1, offset: 0, length: 10 },
    { pack: 1, offset: 10, length: 5 },
    { pack: 2, offset: 15, length: 5 },
  ];
  expect(joinSlices([a, b, c, a])).toEqual([{ pack: 1, offset: 0, length: 15 }, c, a]);
});

describe('varints', () => {
  test('are exact up to the largest exact number', () => {
    fc.assert(
      fc.property(fc.array(fc.maxSafeNat()), (numbers) => {
        expect(decodeVarints(encodeVarints(numbers))).toEqual(numbers);
      }),
    );
  });

  test('that are cut off or too large are refused', () => {
    expect(() => decodeVarints(Buffer.of(0x80))).toThrow(/cut off/);
    expect(() => decodeVarints(Buffer.from('ffffffffffffffff7f', 'hex'))).toThrow(/none/);
  });
});
