/** `weir replay`: recorded calls sent again, and their answers beside the old ones. */
import { writeFileSync } from 'node:fs';
import { readReplayKey, type Config } from '../config.ts';
import type { ReplayPlan } from '../api/wire.ts';
import { RecorderRefused } from '../recorder/recorder.ts';
import { defaultUpstreamName } from '../settings.ts';
import { NoAnswer } from './ask-program.ts';
import type { CommandIo } from './command-io.ts';
import { createProgress, type Progress } from './progress.ts';
import { BadOption, type QueryOptions } from './query-flags.ts';
import { HostRefused, NoStore, openReplayHost, type ReplayHost } from './replay-host.ts';
import { readReplayOrder, type ReplayOptions, type ReplayOrder } from './replay-order.ts';
import {
  isDone,
  plannedCost,
  readBatch,
  ReplayRun,
  selectCalls,
  type Failure,
  type PlannedCost,
} from './replay-run.ts';
import { batchText, planText, usd } from './replay-text.ts';
import { exitCodes, targetConfig } from './store-target.ts';

/** More of them are only counted. */
const mostShown = 20;

/**
 * 0; 2 for options that do not fit, 3 when some calls failed, 4 when the one call or the store is not there, 5 when it would cost
 * more than it may, 69 when the upstream cannot be reached, 75 while another program holds the store, 1 otherwise. @throws ConfigError
 */
export async function runReplay(
  ids: readonly string[],
  options: ReplayOptions & QueryOptions,
  io: CommandIo,
): Promise<number> {
  const config = targetConfig(options);
  const progress = createProgress(io.stderr, { isTerminal: process.stderr.isTTY });
  let host: ReplayHost | null = null;
  try {
    const order = readReplayOrder(ids, options);
    host = await openReplayHost(config);
    return await replayAll(order, config, host, progress, io);
  } catch (error) {
    progress.end();
    const code = exitCodeOf(error);
    if (code === null || !(error instanceof Error)) throw error;
    io.stderr(`weir: ${error.message}\n`);
    return code;
  } finally {
    progress.end();
    await host?.close();
  }
}

function exitCodeOf(error: unknown): number | null {
  if (error instanceof BadOption) return exitCodes.usage;
  if (error instanceof NoStore) return exitCodes.notFound;
  if (error instanceof RecorderRefused) return exitCodes.storeBusy;
  if (error instanceof NoAnswer) return exitCodes.failure;
  if (!(error instanceof HostRefused)) return null;
  return ['unknown_upstream', 'bad_body', 'bad_parameter'].includes(error.code)
    ? exitCodes.usage
    : exitCodes.failure;
}

async function replayAll(
  order: ReplayOrder,
  config: Config,
  host: ReplayHost,
  progress: Progress,
  io: CommandIo,
): Promise<number> {
  const before = await readBatch(order.batch, host);
  const done = new Set(before.rows.filter(isDone).map(({ replay_of: of }) => of));
  const wanted = await selectCalls(order, host);
  const ids = wanted.filter((id) => !done.has(id));
  const run = new ReplayRun(order, host, { key: keyFor(order, config), before: before.rows, progress });
  const plans = await run.plan(ids);
  progress.end();
  const cost = plannedCost(plans);
  const skipped = wanted.length - ids.length;
  io.stderr(planText(plans, cost, { batch: order.batch, skipped, isDry: order.isDry }));
  const why = order.isDry ? null : whyNotSent(order, plans, cost);
  if (why === null && !order.isDry) await run.send(plans);
  progress.end();
  reportFailures(run.failures, io);
  if (why !== null) io.stderr(`weir: ${why.sentence}\n`);
  if (run.left > 0) {
    io.stderr(
      `weir: ${run.left} calls were not sent: they could have cost more than --max-cost. The same command goes on.\n`,
    );
  }
  const after = order.isDry ? before : await readBatch(order.batch, host);
  await writeResult(order, { ...after, plans, cost, skipped, run }, host, io);
  if (why !== null) return why.code;
  return run.left > 0 ? exitCodes.overThreshold : failureCode(run.failures, wanted.length);
}

/** That of the environment that the command runs in, else the program's own. */
function keyFor({ request }: ReplayOrder, config: Config): string | null {
  const { upstream = defaultUpstreamName } = request;
  return readReplayKey(config.upstreams.has(upstream) ? upstream : defaultUpstreamName);
}

function whyNotSent(
  order: ReplayOrder,
  plans: readonly ReplayPlan[],
  cost: PlannedCost,
): { sentence: string; code: number } | null {
  const keyless = plans.find(({ credential }) => credential === null);
  if (keyless !== undefined) {
    const sentence = `There is no key for the upstream "${keyless.upstream}": set ANTHROPIC_API_KEY or ANTHROPIC_AUTH_TOKEN for this command.`;
    return { sentence, code: exitCodes.failure };
  }
  if (order.maxCostNanoUsd === null || plans.length === 0) return null;
  if (cost.high === null) {
    const models = [
      ...new Set(plans.flatMap(({ high_nano_usd: high, model }) => (high === null ? [model ?? '?'] : []))),
    ];
    const sentence = `No price is known for ${models.join(', ')}, so that --max-cost cannot be kept; "weir prices set" takes one. Nothing was sent.`;
    return { sentence, code: exitCodes.overThreshold };
  }
  if (cost.high <= order.maxCostNanoUsd) return null;
  const sentence = `That could cost ${usd(cost.high)}, more than --max-cost ${usd(order.maxCostNanoUsd)}. Nothing was sent.`;
  return { sentence, code: exitCodes.overThreshold };
}

function reportFailures(failures: readonly Failure[], io: CommandIo): void {
  for (const { sentence } of failures.slice(0, mostShown)) io.stderr(`weir: ${sentence}\n`);
  if (failures.length > mostShown) io.stderr(`weir: … and ${failures.length - mostShown} more\n`);
}

/** @param wanted how many calls were asked for */
function failureCode(failures: readonly Failure[], wanted: number): number {
  if (failures.length === 0) return exitCodes.ok;
  const isAll = failures.length === wanted;
  if (isAll && failures.every(({ kind }) => kind === 'unreachable')) return exitCodes.unreachable;
  if (wanted > 1) return exitCodes.someFailed;
  return failures[0]?.kind === 'not_found' ? exitCodes.notFound : exitCodes.failure;
}

interface Result extends Awaited<ReturnType<typeof readBatch>> {
  readonly plans: readonly ReplayPlan[];
  readonly cost: PlannedCost;
  readonly skipped: number;
  readonly run: ReplayRun;
}

async function writeResult(
  order: ReplayOrder,
  result: Result,
  host: ReplayHost,
  io: CommandIo,
): Promise<void> {
  const { rows, totals, plans, cost, skipped, run } = result;
  if (order.out !== null && !order.isDry) {
    const { path, format } = order.out;
    writeFileSync(path, await host.text(`replays.${format}?batch=${encodeURIComponent(order.batch)}`));
  }
  if (!order.asJson) {
    if (!order.isDry) io.stdout(batchText(rows, totals));
    return;
  }
  const shown = {
    batch: order.batch,
    dry_run: order.isDry,
    planned: plans,
    estimate: { low_nano_usd: cost.low, high_nano_usd: cost.high, most_nano_usd: cost.most },
    done_before: skipped,
    sent: run.sent,
    not_sent: run.left,
    failed: run.failures.map(({ id, sentence }) => ({ id, error: sentence })),
    replays: rows,
    totals,
  };
  io.stdout(`${JSON.stringify(shown, null, 2)}\n`);
}
