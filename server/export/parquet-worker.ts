/** Encodes Parquet in a thread of its own: a row group takes a tenth of a second, in which no call could be passed on. */
import { parentPort } from 'node:worker_threads';
import type { Call } from '../api/wire.ts';
import { version } from '../version.ts';
import { createParquetEncoder } from './parquet.ts';

/** Calls as lines of JSON; `null`: there are no more. Each is answered with the bytes that the file goes on with. */
export type ToParquetWorker = Uint8Array | null;

const port = parentPort;
if (port === null) throw new Error('server/export/parquet-worker.ts runs as a worker thread only.');
const encoder = createParquetEncoder(`weir ${version}`);

port.on('message', (lines: ToParquetWorker) => {
  const parts = lines === null ? encoder.finish() : encoder.add(callsOf(lines));
  port.postMessage(
    parts,
    parts.map(({ buffer }) => buffer).filter((buffer) => buffer instanceof ArrayBuffer),
  );
  if (lines === null) port.close();
});

/** The lines are those that the reading process made of the store's answers. */
function callsOf(lines: Uint8Array): Call[] {
  const text = Buffer.from(lines.buffer, lines.byteOffset, lines.byteLength).toString();
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Call);
}
