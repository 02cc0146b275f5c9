/** `weir prune`: what a running program does by itself, done now. */
import { StoreError } from '../store/errors.ts';
import { openStore, type Store } from '../store/open.ts';
import { startRetention } from '../store/retention-run.ts';
import { planRetention, usedBytes, type RetentionPlan } from '../store/retention.ts';
import { createWriter } from '../store/write.ts';
import type { CommandIo } from './command-io.ts';
import { createProgress } from './progress.ts';
import { sizeText } from './size-text.ts';
import { storeSeal } from './store-seal.ts';
import {
  exitCodes,
  storeBytes,
  storeExitCode,
  targetConfig,
  type StoreTargetOptions,
} from './store-target.ts';

export interface PruneOptions extends StoreTargetOptions {
  readonly retainBodies?: string;
  readonly retainCalls?: string;
  readonly maxStoreSize?: string;
  readonly dryRun?: boolean;
  readonly force?: boolean;
  readonly json?: boolean;
}

interface Pruned {
  readonly dryRun: boolean;
  /** Calls that lost, or would lose, their bodies; and calls that went, or would go. */
  readonly bodies: number;
  readonly calls: number;
  readonly bytesBefore: number;
  readonly bytesAfter: number;
  readonly doubt: string | null;
}

/** 0, or 4 without a store, 75 when it is in use, 5 when too much would go and nobody forced it, 2 without anything to prune by. @throws ConfigError */
export async function runPrune(options: PruneOptions, io: CommandIo): Promise<number> {
  const config = targetConfig(options, givenSettings(options));
  const { store: path, retention } = config;
  if (Object.values(retention).every((limit) => limit === null)) {
    io.stderr(
      'weir: Nothing says how long to keep what: give --retain-bodies, --retain-calls or --max-store-size.\n',
    );
    return exitCodes.usage;
  }
  try {
    const store = openStore(path, options.dryRun === true ? 'read' : 'write', { seal: storeSeal(config) });
    try {
      const plan = planRetention(store, retention, Date.now());
      const isHeld = plan.doubt !== null && options.force !== true;
      const mayRemove = options.dryRun !== true && !isHeld;
      const pruned = mayRemove
        ? await prune(store, plan, io)
        : untouched(store, plan, options.dryRun === true);
      io.stdout(
        options.json === true ? `${JSON.stringify(toJson(path, pruned), null, 2)}\n` : toText(path, pruned),
      );
      if (isHeld) io.stderr(`weir: ${plan.doubt}\n`);
      return isHeld ? exitCodes.overThreshold : exitCodes.ok;
    } finally {
      store.close();
    }
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    io.stderr(`weir: ${error.message}\n`);
    return storeExitCode(error, path);
  }
}

function givenSettings({ retainBodies, retainCalls, maxStoreSize }: PruneOptions): Record<string, string> {
  return {
    ...(retainBodies === undefined ? {} : { retainBodiesMs: retainBodies }),
    ...(retainCalls === undefined ? {} : { retainCallsMs: retainCalls }),
    ...(maxStoreSize === undefined ? {} : { maxStoreBytes: maxStoreSize }),
  };
}

async function prune(store: Store, plan: RetentionPlan, io: CommandIo): Promise<Pruned> {
  const bytesBefore = storeBytes(store.path) ?? usedBytes(store);
  const progress = createProgress(io.stderr, { isTerminal: process.stderr.isTTY });
  const writer = createWriter(store);
  const run = startRetention(store, writer, plan);
  try {
    while (run.step()) {
      const { bodies, calls, packBytes } = run.done;
      const share = (bodies + calls) / Math.max(plan.bodies + plan.calls, 1);
      progress.update(Math.min(share, 1), `${bodies} bodies, ${calls} calls, ${sizeText(packBytes)}`);
      await new Promise((resolve) => setImmediate(resolve));
    }
    writer.emptyLog();
  } finally {
    progress.end();
  }
  const { bodies, calls } = run.done;
  return {
    dryRun: false,
    bodies,
    calls,
    bytesBefore,
    bytesAfter: storeBytes(store.path) ?? usedBytes(store),
    doubt: null,
  };
}

function untouched(store: Store, plan: RetentionPlan, dryRun: boolean): Pruned {
  const bytes = storeBytes(store.path) ?? usedBytes(store);
  return {
    dryRun,
    bodies: plan.bodies,
    calls: plan.calls,
    bytesBefore: bytes,
    bytesAfter: bytes,
    doubt: plan.doubt,
  };
}

function toJson(store: string, { dryRun, bodies, calls, bytesBefore, bytesAfter, doubt }: Pruned) {
  return { store, dry_run: dryRun, bodies, calls, bytes_before: bytesBefore, bytes_after: bytesAfter, doubt };
}

function toText(store: string, { dryRun, bodies, calls, bytesBefore, bytesAfter, doubt }: Pruned): string {
  const went = dryRun || doubt !== null ? 'would go' : 'removed';
  const size = dryRun || doubt !== null ? '' : `, ${sizeText(bytesBefore)} → ${sizeText(bytesAfter)}`;
  return `${store}: ${went}: bodies of ${bodies} calls, ${calls} calls${size}\n`;
}
