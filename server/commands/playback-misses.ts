/** Requests without a recording, on their way to the upstream: by the forwarder and the recorder of `weir serve`. */
import { randomBytes } from 'node:crypto';
import type http from 'node:http';
import { join } from 'node:path';
import type { Config } from '../config.ts';
import { openDataDir } from '../data-dir.ts';
import { systemClock, type Sink } from '../exchange.ts';
import { connectionLimits } from '../proxy/descriptors.ts';
import { createForwarder } from '../proxy/forward.ts';
import { startRecorder } from '../recorder/recorder.ts';
import { sealCassette } from '../store/cassette.ts';
import { createSeal } from '../store/seal.ts';
import { openStore } from '../store/open.ts';
import type { CommandIo } from './command-io.ts';

export type Forward = (request: http.IncomingMessage, response: http.ServerResponse) => void;

/** Where to record. */
interface Target {
  readonly config: Config;
  readonly target: string;
  readonly isCassette: boolean;
}

/** How calls go to the upstream. */
interface Way {
  readonly config: Config;
  readonly sink: Sink;
  /** Under which credentials are hashed. */
  readonly secret: Buffer;
}

/** Calls that nobody records, and so nobody is known by. */
export function unrecorded(config: Config): Way {
  return { config, sink: nowhere, secret: randomBytes(32) };
}

const nowhere: Sink = {
  open: () => ({
    chunk: () => undefined,
    head: () => undefined,
    end: () => undefined,
    kept: () => Promise.resolve(),
  }),
};

/** The recorder of `weir serve`; `learn` hears of each call that it has recorded. @throws StoreError, DataDirError */
export async function recordInto(
  { config, target, isCassette }: Target,
  learn: (id: string) => Promise<void>,
  closing: (() => Promise<void>)[],
  io: CommandIo,
): Promise<Way> {
  // Says in one sentence what the recorder would stumble over.
  openStore(target, 'write').close();
  if (isCassette) closing.push(async () => sealCassette(target));
  const data = openDataDir(config.dataDir, config.token, config.prices);
  const complain = (message: string): void => io.stderr(`weir: ${message}\n`);
  const recorder = await startRecorder({
    target,
    durability: config.durability,
    spillDir: join(config.dataDir, 'spill'),
    seal: createSeal(data.secret),
    prices: data.prices,
    cost: config.cost,
    reportStages: false,
    memoryLimitBytes: config.memoryLimitBytes,
    onRows: (event, rows) => {
      if (event === 'open') return;
      for (const { id } of rows) learn(id).catch((error: unknown) => complain(String(error)));
    },
    onTrouble: (message) => {
      if (message !== null) complain(message);
    },
  });
  recorder.watch(true);
  closing.push(() => recorder.close());
  return { config, sink: recorder, secret: data.secret };
}

/** @param closing gets what ends the calls that run */
export function forwardTo({ config, sink, secret }: Way, closing: (() => Promise<void>)[]): Forward {
  const forwarder = createForwarder({
    upstream: config.upstream,
    sink,
    clock: systemClock,
    identitySecret: secret,
    timeouts: {
      connectMs: config.connectTimeoutMs,
      firstByteMs: config.firstByteTimeoutMs,
      idleMs: config.idleTimeoutMs,
    },
    onClientAbort: config.onClientAbort,
    logMode: 'normal',
    maxHeaderBytes: config.maxHeaderBytes,
    limits: connectionLimits(),
    bodies: config.bodies,
    demo: false,
    onRefused: () => undefined,
  });
  closing.push(() => forwarder.close());
  return (request, response) => forwarder.handle(request, response);
}
