/** The recorder's thread: receives, and lets the loop do the work. The only writer of the store. */
import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { releaseStartupMemory } from '../startup-memory.ts';
import type { FromWorker, ToWorker, WorkerSetup } from './protocol.ts';
import { startRecording } from './recording.ts';

const port = parentPort;
if (port === null) throw new Error('server/recorder/worker.ts runs as a worker thread only.');
const post = (message: FromWorker): void => port.postMessage(message);

try {
  // Made by startRecorder, in this process.
  const setup = workerData as WorkerSetup;
  const receive = await startRecording(setup, post);
  if (!setup.reportStages) letCallsGoFirst();
  port.on('message', (message: ToWorker) => receive(message));
  releaseStartupMemory();
  post({ kind: 'ready' });
} catch (error) {
  post({ kind: 'refused', message: error instanceof Error ? error.message : String(error) });
}

/**
 * Where calls and their record share a core, calls go first: with a third of their weight the record still has its part. Not in audit
 * mode, where calls wait for it.
 */
function letCallsGoFirst(): void {
  const niceness = 5;
  try {
    const [, thread] = /task\/(\d+)$/.exec(readlinkSync('/proc/thread-self')) ?? [];
    if (thread !== undefined) setPriority(Number(thread), niceness);
  } catch {
    // Only Linux has threads with a priority of their own; elsewhere the system shares the core out as it does.
  }
}
