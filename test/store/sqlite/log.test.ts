import { describe, expect, onTestFinished, test } from 'vitest';
import { randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import { readCall } from '../../../server/store/calls.ts';
import { openStore } from '../../../server/store/open.ts';
import { sampleCall, sampleDetails, storeCalls, temporaryStore } from '../temporary-store.ts';

describe('the write-ahead log', () => {
  const big = Buffer.alloc(300_000, 'x').toString() + Math.random().toString();
  const walBytes = (path: string): number => statSync(`${path}-wal`).size;

  test('stays small while calls are written, and is emptied when the writer is idle', () => {
    const { writer, path } = temporaryStore();
    const noise = () => {
      const bytes = randomBytes(300_000);
      return { part: 'response' as const, packing: 'raw', bytes, kept_bytes: bytes.byteLength, marks: null };
    };
    for (let round = 0; round < 150; round += 1) {
      const { id, ...row } = sampleCall();
      writer.transaction(() => writer.finishCall(id, row, sampleDetails, [noise()]));
    }
    // 150 bodies are 45 MB; the log starts again after each 16 MB that went into the file.
    expect(walBytes(path)).toBeLessThan(20 * 1024 * 1024);
    expect(walBytes(path)).toBeGreaterThan(0);
    writer.checkpoint();
    expect(walBytes(path)).toBe(0);
  });

  test('a reader in the middle of a question does not hold the writer up', () => {
    const { store, writer, path } = temporaryStore();
    const [id = ''] = storeCalls(writer, [sampleCall()]);
    const reader = openStore(path, 'read');
    onTestFinished(() => reader.close());
    reader.sqlite.exec('BEGIN');
    expect(readCall(reader, id)).not.toBeNull();
    storeCalls(
      writer,
      Array.from({ length: 20 }, () => sampleCall({ preview: big.slice(0, 100_000) })),
    );
    writer.checkpoint();
    expect(walBytes(path)).toBeGreaterThan(1_000_000);
    expect(store.sqlite.pragma('busy_timeout', { simple: true })).toBe(5000);
    reader.sqlite.exec('COMMIT');
    writer.checkpoint();
    expect(walBytes(path)).toBe(0);
  });
});
