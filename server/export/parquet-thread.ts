/** The asking side of the thread that encodes Parquet. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { ToParquetWorker } from './parquet-worker.ts';

/** The bytes of a Parquet file with all calls of `pages`, lines of JSON, which are asked for only as fast as the file is read. */
export async function* encodeParquet(
  pages: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const worker = new Worker(new URL('./parquet-worker.ts', import.meta.url));
  const encode = async (lines: ToParquetWorker): Promise<Uint8Array[]> => {
    worker.postMessage(lines);
    // Rejects with what the worker throws.
    const [bytes] = (await once(worker, 'message')) as [Uint8Array[]];
    return bytes;
  };
  try {
    for await (const lines of pages) yield* await encode(lines);
    yield* await encode(null);
  } finally {
    await worker.terminate();
  }
}
