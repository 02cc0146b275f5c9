/** `weir reprice`: prices recorded calls anew. What stood before is kept as a revision; nothing else ever changes a cost. */
import { answerBody, answerMessage } from '../reader/content.ts';
import { lostNanoUsd } from '../cache/loss.ts';
import { decodeBody } from '../messages/decode.ts';
import { estimateOutputTokens } from '../messages/estimate.ts';
import { pickCost, type Pricer, type ShownCost } from '../pricing/engine.ts';
import { nanoToUsd } from '../pricing/money.ts';
import { pastInput } from '../pricing/past.ts';
import type { Priced } from '../pricing/priced.ts';
import { readBatchDownload } from '../recorder/batch-download.ts';
import { batchResultsPaidBy } from '../store/batch-results.ts';
import type { Seal } from '../store/seal.ts';
import { BadQuestion, StoreError, Unsupported } from '../store/errors.ts';
import type { Filters } from '../store/filters.ts';
import { openStore, type Store } from '../store/open.ts';
import { eachStoredPrice, type StoredPrice } from '../store/past-calls.ts';
import { reviseCost, type RevisedCost } from '../store/revisions.ts';
import { createWriter } from '../store/write.ts';
import type { CommandIo } from './command-io.ts';
import { readFilters } from './filter-flags.ts';
import { createOwnPricer } from './own-pricer.ts';
import type { PriceSourceOptions } from './price-source.ts';
import { createProgress } from './progress.ts';
import { BadOption, type QueryOptions } from './query-flags.ts';
import { storeSeal } from './store-seal.ts';
import { exitCodes, storeExitCode, targetConfig, type StoreTargetOptions } from './store-target.ts';

export type RepriceOptions = QueryOptions &
  StoreTargetOptions &
  PriceSourceOptions & { readonly dryRun?: boolean; readonly reason?: string; readonly json?: boolean };

interface Total {
  cost: number;
  estimated: number;
  unpriced: number;
}

interface Change {
  readonly id: string;
  readonly before: number | null;
  readonly after: number | null;
}

interface Report {
  calls: number;
  changed: number;
  /** Their bodies would be needed and are gone. */
  skipped: number;
  readonly before: Total;
  readonly after: Total;
  readonly changes: Change[];
}

const writtenAtOnce = 500;
/** In the JSON; the count is always whole. */
const mostListed = 1000;

/** 0; 2 for options that do not fit, 3 when calls had to be left, 4 without a store, 75 while weir records. @throws ConfigError */
export async function runReprice(options: RepriceOptions, io: CommandIo): Promise<number> {
  const config = targetConfig(options);
  try {
    const filters = readFilters(options, Date.now());
    const pricer = createOwnPricer(options);
    const isDry = options.dryRun === true;
    const reason = options.reason ?? 'reprice';
    const report = await repriceStore(
      config.store,
      { filters, pricer, shown: config.cost, isDry, reason, seal: isDry ? null : storeSeal(config) },
      io,
    );
    io.stdout(options.json === true ? reportJson(report, isDry) : reportText(report, isDry));
    return report.skipped === 0 ? exitCodes.ok : exitCodes.someFailed;
  } catch (error) {
    const isMisuse =
      error instanceof BadOption || error instanceof BadQuestion || error instanceof Unsupported;
    if (!isMisuse && !(error instanceof StoreError)) throw error;
    const isBusy = error instanceof StoreError && error.code === 'locked';
    const sentence = isBusy
      ? `weir is recording into ${config.store}, and only one may write there: stop it first, or see what would change with --dry-run.`
      : error.message;
    io.stderr(`weir: ${sentence}\n`);
    return isMisuse ? exitCodes.usage : storeExitCode(error, config.store);
  }
}

interface Task {
  readonly filters: Filters;
  readonly pricer: Pricer;
  readonly shown: ShownCost;
  readonly isDry: boolean;
  readonly reason: string;
  /** What the corrections are sealed with. */
  readonly seal: Seal | null;
}

interface Revision {
  readonly id: string;
  readonly cost: RevisedCost;
}

/** Reads over one connection and writes over another: what is read is as it was when this began. @throws StoreError */
async function repriceStore(path: string, task: Task, io: CommandIo): Promise<Report> {
  // The writer first: it may have to wait, and it brings an older file up to date.
  const target = task.isDry ? null : openStore(path, 'write', { seal: task.seal });
  const progress = createProgress(io.stderr, { isTerminal: process.stderr.isTTY });
  try {
    const source = openStore(path, 'read');
    try {
      const report: Report = { calls: 0, changed: 0, skipped: 0, before: none(), after: none(), changes: [] };
      let waiting: Revision[] = [];
      for (const stored of eachStoredPrice(source, task.filters, { withReplays: true })) {
        const revision = await look(source, stored, task, report);
        if (revision !== null) waiting.push(revision);
        progress.update(null, `${report.calls} calls, ${report.changed} changed`);
        if (waiting.length < writtenAtOnce) continue;
        write(target, waiting, task.reason);
        waiting = [];
      }
      write(target, waiting, task.reason);
      return report;
    } finally {
      source.close();
    }
  } finally {
    progress.end();
    target?.close();
  }
}

function write(target: Store | null, revisions: readonly Revision[], reason: string): void {
  if (target === null || revisions.length === 0) return;
  const nowMs = Date.now();
  createWriter(target).transaction(() => {
    for (const { id, cost } of revisions) reviseCost(target, id, cost, { reason, nowMs });
  });
}

/** Counts the call, and gives what is to be written of it; null when it costs what it cost. */
async function look(
  source: Store,
  stored: StoredPrice,
  task: Task,
  report: Report,
): Promise<Revision | null> {
  report.calls += 1;
  addTo(report.before, stored.costNanoUsd, stored.costSource);
  const priced = await priceAgain(source, stored, task.pricer);
  if (priced === null) {
    report.skipped += 1;
    addTo(report.after, stored.costNanoUsd, stored.costSource);
    return null;
  }
  const picked = pickCost(priced, stored.reportedCostNanoUsd, task.shown);
  addTo(report.after, picked.costNanoUsd, picked.source);
  const lost = lostAgain(stored, task.pricer);
  const isSame =
    lost === stored.cacheLostNanoUsd &&
    picked.costNanoUsd === stored.costNanoUsd &&
    picked.source === stored.costSource &&
    priced.costNanoUsd === stored.computedCostNanoUsd &&
    sumsOf(priced.lines) === sumsOf(JSON.parse(stored.costLines ?? '[]'));
  if (isSame) return null;
  report.changed += 1;
  if (report.changes.length < mostListed) {
    report.changes.push({ id: stored.id, before: stored.costNanoUsd, after: picked.costNanoUsd });
  }
  return {
    id: stored.id,
    cost: {
      costNanoUsd: picked.costNanoUsd,
      costSource: picked.source,
      computedCostNanoUsd: priced.costNanoUsd,
      cacheSavedNanoUsd: priced.cacheSavedNanoUsd,
      cacheLostNanoUsd: lost,
      costLines: JSON.stringify(priced.lines),
      notes: picked.notes,
      bookVersion: priced.bookVersion,
    },
  };
}

/** What a miss cost, by the same prices. */
function lostAgain(stored: StoredPrice, pricer: Pricer): number | null {
  return stored.cacheLostTokens === null
    ? null
    : lostNanoUsd(pricer, pastInput(stored), stored.cacheLostTokens);
}

/** Null when that takes a body which is no longer there. */
async function priceAgain(source: Store, stored: StoredPrice, pricer: Pricer): Promise<Priced | null> {
  if (stored.kind === 'batch_results' && stored.status === 200) return priceBatch(source, stored, pricer);
  const input = pastInput(stored);
  const isCut = input.usageComplete === false && (input.outputTokensEstimate ?? null) === null;
  if (!isCut || input.usage === null) return pricer.price(input);
  const answer = await answerMessage(source, stored.id);
  return pricer.price({ ...input, outputTokensEstimate: estimateOutputTokens(answer?.message ?? null) });
}

/** Its row holds only sums: what each message cost stands in the answer. */
async function priceBatch(source: Store, stored: StoredPrice, pricer: Pricer): Promise<Priced | null> {
  const body = answerBody(source, stored.id, 'response');
  const own = batchResultsPaidBy(source, stored.id);
  if (body === null)
    return own.size === 0 ? pricer.price({ ...pastInput(stored), kind: 'batch_expired' }) : null;
  const { chunks } = await decodeBody([{ bytes: body.bytes, atUs: 0 }], body.contentEncoding);
  const owners = (ids: readonly string[]) =>
    new Map(ids.map((id) => [id, own.has(id) ? stored.id : 'another']));
  const { priced } = readBatchDownload(chunks, { id: stored.id, atMs: stored.startedMs }, pricer, owners);
  return priced;
}

/** What makes two prices differ: quantities, rates, factors and amounts, not the name of the file they came from. */
function sumsOf(lines: readonly Priced['lines'][number][]): string {
  return JSON.stringify(
    lines.map((line) => [
      line.class,
      line.quantity,
      line.rate_femto_usd,
      line.multipliers,
      line.amount_nano_usd,
      line.model,
      line.iteration,
    ]),
  );
}

function none(): Total {
  return { cost: 0, estimated: 0, unpriced: 0 };
}

function addTo(total: Total, cost: number | null, source: string | null): void {
  total.cost += cost ?? 0;
  if (source === 'estimated') total.estimated += cost ?? 0;
  if (cost === null) total.unpriced += 1;
}

function reportJson({ changes, ...report }: Report, isDry: boolean): string {
  const totals = ({ cost, estimated, unpriced }: Total) => ({
    cost_nano_usd: cost,
    estimated_cost_nano_usd: estimated,
    unpriced_calls: unpriced,
  });
  const shown = {
    dry_run: isDry,
    calls: report.calls,
    changed: report.changed,
    skipped: report.skipped,
    before: totals(report.before),
    after: totals(report.after),
    changes: changes.map(({ id, before, after }) => ({
      id,
      before_nano_usd: before,
      after_nano_usd: after,
    })),
  };
  return `${JSON.stringify(shown, null, 2)}\n`;
}

function reportText(report: Report, isDry: boolean): string {
  const total = ({ cost, estimated, unpriced }: Total): string =>
    `$${nanoToUsd(cost)}, of it $${nanoToUsd(estimated)} estimated, ${unpriced} calls unpriced`;
  const verb = isDry ? 'would change (nothing was written)' : 'changed';
  return [
    `${report.calls} calls, ${report.changed} ${verb}`,
    `before  ${total(report.before)}`,
    `after   ${total(report.after)}`,
    ...(report.skipped === 0
      ? []
      : [`${report.skipped} left as they are: the batch results they were priced from are no longer stored`]),
    '',
  ].join('\n');
}
