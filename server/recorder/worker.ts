/** The recorder's thread: is told what to do by the first message, then lets the loop do the work. The only writer of the store. */
import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';
import { releaseStartupMemory } from '../heap.ts';
import { StoreError } from '../store/errors.ts';
import { vitals, type FromWorker, type ToWorker, type WorkerSetup } from './protocol.ts';
import { startRecording } from './recording.ts';

const port = parentPort;
if (port === null) throw new Error('server/recorder/worker.ts runs as a worker thread only.');
const post = (...messages: readonly FromWorker[]): void => port.postMessage(messages);

let receive: ((message: ToWorker) => void) | null = null;

port.on('message', (message: WorkerSetup | ToWorker) => {
  if (receive !== null && 'kind' in message) receive(message);
  else if (!('kind' in message)) void begin(message);
});

async function begin(setup: WorkerSetup): Promise<void> {
  try {
    receive = await startRecording(setup, (messages) => post(...messages));
    if (!setup.reportStages) letCallsGoFirst(setup.vitals);
    post({ kind: 'ready' });
    // Nobody need wait for that.
    releaseStartupMemory();
  } catch (error) {
    const code = error instanceof StoreError ? error.code : null;
    post({ kind: 'refused', message: error instanceof Error ? error.message : String(error), code });
  }
}

/**
 * Where calls and their record share a core, calls go first; `GivingWay` sees to it that the record still has its part. Not in audit mode,
 * where calls wait for it. Before the questions, which are at 19; at 15
 * it would have half a percent of a core beside seven busy programs, at 10 one and a half.
 */
function letCallsGoFirst(shared: SharedArrayBuffer): void {
  const niceness = 10;
  try {
    const thread = Number(/task\/(\d+)$/.exec(readlinkSync('/proc/thread-self'))?.[1]);
    setPriority(thread, niceness);
    Atomics.store(new Int32Array(shared), vitals.thread, thread);
  } catch {
    // Only Linux has threads with a priority of their own; elsewhere the system shares the core out as it does.
  }
}
