/** The recorder's thread. Needs nothing else of ours, so that it can begin to read its sources before anybody else does. */
import { SHARE_ENV, Worker } from 'node:worker_threads';
import { startArguments } from '../threads.ts';

/** Left alone, V8 takes up to 48 MB for what lives shortest; a batch and its digest need a fraction of that. */
const youngGenerationMb = 12;

/** Reads its sources already; knows nothing yet. */
let prepared: Worker | null = null;

/** Lets the thread read its sources while the caller reads his own: 200 ms that `startRecorder` need not wait for. */
export function prepareThread(): void {
  if (prepared !== null) return;
  prepared = newThread();
  // One that fails so early is forgotten; `startRecorder` tries with another and tells why that one fails.
  prepared.once('error', () => undefined);
  prepared.once('exit', () => (prepared = null));
}

/** The one that was prepared, else a new one. */
export function takeThread(): Worker {
  const worker = prepared ?? newThread();
  prepared = null;
  return worker;
}

function newThread(): Worker {
  return new Worker(new URL('./worker.ts', import.meta.url), {
    execArgv: [...startArguments],
    // The password of a database goes into the environment when the configuration is read, which may be after the thread has begun.
    env: SHARE_ENV,
    resourceLimits: { maxYoungGenerationSizeMb: youngGenerationMb },
  });
}
