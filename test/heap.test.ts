import { expect, test } from 'vitest';
import { PassingBytes, QuietCollection } from '../server/heap.ts';

const megabyte = 1024 * 1024;

function bufferMb(): number {
  return process.memoryUsage().arrayBuffers / megabyte;
}

function leaveBehind(bytes: number): void {
  for (let left = bytes; left > 0; left -= megabyte) new Uint8Array(megabyte).fill(1);
}

test('what calls leave behind is collected when nothing has happened for a while', async () => {
  const beforeMb = bufferMb();
  const quiet = new QuietCollection();
  quiet.look(1);
  let held: Uint8Array[] | null = Array.from({ length: 40 }, () => new Uint8Array(megabyte).fill(1));
  expect(held.length).toBe(40);
  held = null;
  quiet.look(null);
  quiet.look(2);
  expect(bufferMb()).toBeGreaterThan(beforeMb + 30);
  quiet.look(2);
  await expect.poll(bufferMb, { timeout: 10_000 }).toBeLessThan(beforeMb + 10);
});

test('buffers that have passed do not wait for a full collection', async () => {
  const beforeMb = bufferMb();
  const passing = new PassingBytes();
  leaveBehind(6 * megabyte);
  passing.add(2 * megabyte);
  passing.add(2 * megabyte);
  await expect.poll(bufferMb, { timeout: 10_000 }).toBeLessThan(beforeMb + 3);
});
