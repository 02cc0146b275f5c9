import { expect, it } from 'vitest';
import { ownBytes } from '../../server/messages/own-bytes.ts';
import { createPackReader } from '../../server/store/packs.ts';
import { temporaryStore } from '../store/temporary-store.ts';

it('a small copy keeps nothing but itself alive', () => {
  const pooled = Buffer.from('a few bytes of a large pool');
  expect(pooled.buffer.byteLength).toBeGreaterThan(pooled.byteLength);
  const own = ownBytes(pooled);
  expect(own).toEqual(pooled);
  expect(own.buffer.byteLength).toBe(pooled.byteLength);
});

it('packs that are kept at hand have memory of their own', () => {
  const packs = createPackReader(temporaryStore().store);
  packs.keep(1, { raw: Buffer.from('a pack'), depth: 0, base: null });
  const { raw } = packs.read(0, 1);
  expect(raw.toString()).toBe('a pack');
  expect(raw.buffer.byteLength).toBe(raw.byteLength);
});
