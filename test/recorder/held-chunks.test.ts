import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { HeldChunks } from '../../server/recorder/held-chunks.ts';

it('gives back every chunk with its time, from any of them on, however long they are', () => {
  const lengths = fc.array(fc.integer({ min: 1, max: 100_000 }), { maxLength: 40 });
  fc.assert(
    fc.property(lengths, fc.nat(40), (all, from) => {
      const held = new HeldChunks();
      const chunks = all.map((length, i) => ({
        bytes: new Uint8Array(length).fill(i + 1),
        atUs: i * 3_000_000_000,
      }));
      for (const { bytes, atUs } of chunks) held.add(bytes, atUs);
      expect(held.count).toBe(chunks.length);
      const expected = chunks.slice(from);
      expect(held.from(from).map(({ atUs }) => atUs)).toEqual(expected.map(({ atUs }) => atUs));
      expect(Buffer.concat(held.from(from).map(({ bytes }) => bytes))).toEqual(
        Buffer.concat(expected.map(({ bytes }) => bytes)),
      );
    }),
    { numRuns: 50 },
  );
});

it('copies: what is written over afterwards is held as it was', () => {
  const held = new HeldChunks();
  const shared = Buffer.from('before');
  held.add(shared, 1);
  shared.fill('x');
  expect(held.from(0).map(({ bytes }) => Buffer.from(bytes).toString())).toEqual(['before']);
});

it('holds a thousand small chunks in a few blocks', () => {
  const held = new HeldChunks();
  for (let i = 0; i < 1000; i++) held.add(Buffer.alloc(150), i);
  const blocks = new Set(held.from(0).map(({ bytes }) => bytes.buffer));
  expect(blocks.size).toBeLessThan(20);
  const room = [...blocks].reduce((sum, block) => sum + block.byteLength, 0);
  expect(room).toBeLessThan(2 * 150_000);
});
