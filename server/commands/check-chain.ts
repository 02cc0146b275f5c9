/** `weir check --chain`: whether anything was altered or removed since it was recorded. */
import { checkChain, type ChainCheck } from '../check/chain.ts';
import type { ChainFinding } from '../check/chain-finding.ts';
import type { WalkedWriter } from '../check/chain-walk.ts';
import { StoreError } from '../store/errors.ts';
import { openStore } from '../store/open.ts';
import { isStoreDamage } from '../store/refusal.ts';
import type { CommandIo } from './command-io.ts';
import { createProgress, type Progress } from './progress.ts';
import { durationText, sizeText } from './size-text.ts';
import { storeSeal } from './store-seal.ts';
import { exitCodes, storeExitCode, targetConfig, type StoreTargetOptions } from './store-target.ts';

export interface CheckChainOptions extends StoreTargetOptions {
  readonly json?: boolean;
  readonly expect?: string;
  readonly trustWriter?: readonly string[];
}

interface ChainReport extends ChainCheck {
  readonly store: string;
  readonly durationMs: number;
  /** Whether a secret was at hand to compare seals with. */
  readonly hasSecret: boolean;
}

/** More of them are for `--json`. */
const mostShown = 50;
/** Fewer digits are found by chance. */
const fewestDigits = 16;

/** 0 nothing was altered, 1 something was, 2 for a head that is none, 4 without a store. @throws ConfigError, DataDirError */
export async function runCheckChain(options: CheckChainOptions, io: CommandIo): Promise<number> {
  const expect = options.expect === undefined ? null : readHead(options.expect);
  if (expect === '') {
    io.stderr(
      `weir: ${options.expect} is no head of a chain: give its ${fewestDigits} to 64 hexadecimal digits, as weir check --chain prints them.\n`,
    );
    return exitCodes.usage;
  }
  const config = targetConfig(options);
  const progress = createProgress(io.stderr, { isTerminal: process.stderr.isTTY });
  try {
    const begunMs = performance.now();
    const seal = storeSeal(config);
    const task = { expect, seal, trusted: options.trustWriter ?? [] };
    const checked = await check(config.store, task, progress);
    progress.end();
    const durationMs = Math.round(performance.now() - begunMs);
    const report = { ...checked, store: config.store, durationMs, hasSecret: seal !== null };
    io.stdout(
      options.json === true ? `${JSON.stringify(reportJson(report), null, 2)}\n` : reportText(report),
    );
    return report.findings.length === 0 ? exitCodes.ok : exitCodes.failure;
  } catch (error) {
    progress.end();
    if (!(error instanceof StoreError) && !isStoreDamage(error)) throw error;
    io.stderr(`weir: ${error instanceof Error ? error.message : String(error)}\n`);
    return error instanceof StoreError ? storeExitCode(error, config.store) : exitCodes.failure;
  }
}

/** `12:9f86…` as it is printed, or the digits alone; empty when it is none. */
function readHead(text: string): string {
  const digits = /^(?:\d+:)?([\da-f]+)$/i.exec(text.trim())?.[1]?.toLowerCase() ?? '';
  return digits.length >= fewestDigits && digits.length <= 64 ? digits : '';
}

async function check(
  path: string,
  task: Pick<Parameters<typeof checkChain>[1], 'seal' | 'expect' | 'trusted'>,
  progress: Progress,
): Promise<ChainCheck> {
  const store = openStore(path, 'read');
  try {
    return await checkChain(store, {
      ...task,
      onProgress: ({ calls, ofCalls }) =>
        progress.update(ofCalls === 0 ? null : calls / ofCalls, `${calls} of ${ofCalls} calls`),
    });
  } finally {
    store.close();
  }
}

function reportJson(report: ChainReport) {
  return {
    store: report.store,
    clean: report.findings.length === 0,
    writers: report.writers.map(({ name, begunMs, entries, head, seal }) => ({
      writer: name,
      begun_ms: begunMs,
      entries,
      head,
      seal,
    })),
    expected_at: report.expectedAt,
    calls: report.calls,
    open_calls: report.open,
    calls_before_chain: report.beforeChain,
    corrections: report.corrections,
    settled_entries: report.settled,
    expired_bodies: report.expired,
    bodies: report.bodies,
    unhashed_bodies: report.unhashedBodies,
    body_bytes: report.bodyBytes,
    duration_ms: report.durationMs,
    findings: report.findings.map(({ kind, callId, text }) => ({ kind, call_id: callId, text })),
    unlisted_findings: report.unlisted,
  };
}

function reportText(report: ChainReport): string {
  const { expectedAt } = report;
  const lines = [
    report.store,
    ...report.writers.flatMap((writer) => writerLines(writer, report.hasSecret)),
    ...(expectedAt === null
      ? []
      : [`  the expected head is entry ${expectedAt.entry} of ${expectedAt.writer}`]),
    ...countLines(report),
    ...report.findings.slice(0, mostShown).map(findingLine),
  ];
  const more = report.findings.length - mostShown + report.unlisted;
  if (more > 0) lines.push(`  … and ${more} more${report.unlisted === 0 ? ': --json lists them' : ''}`);
  const count = report.findings.length + report.unlisted;
  lines.push(count === 0 ? '  nothing was altered or removed' : `  ${count} findings`);
  return `${lines.join('\n')}\n`;
}

function writerLines({ name, begunMs, entries, head, seal }: WalkedWriter, hasSecret: boolean): string[] {
  const sealed = {
    valid: 'sealed by this installation',
    wrong: 'its seal is wrong',
    none: 'not sealed',
    other: hasSecret
      ? 'sealed by another installation'
      : 'its seal is not checked: no secret in the data directory',
  }[seal];
  return [
    `  chain ${name}: ${entries} entries since ${new Date(begunMs).toISOString()}, ${sealed}`,
    `  head  ${entries}:${head}`,
  ];
}

function countLines(report: ChainReport): string[] {
  const facts = [
    `${report.calls} calls in the chain`,
    ...(report.corrections === 0 ? [] : [`${report.corrections} corrections of costs`]),
    ...(report.settled === 0
      ? []
      : [`${report.settled} entries of calls that retention removed or that were recorded again`]),
    ...(report.expired === 0 ? [] : [`bodies of ${report.expired} calls removed by retention`]),
    ...(report.open === 0 ? [] : [`${report.open} calls under way, not in it yet`]),
    ...(report.beforeChain === 0
      ? []
      : [`${report.beforeChain} calls from before the chain: of them nothing is proven`]),
  ];
  const unhashed =
    report.unhashedBodies === 0 ? '' : `; ${report.unhashedBodies} more are kept in part or without a hash`;
  return [
    ...facts.map((fact) => `  ${fact}`),
    `  ${report.bodies} bodies, ${sizeText(report.bodyBytes)}, every byte hashed in ${durationText(report.durationMs)}${unhashed}`,
  ];
}

function findingLine({ kind, callId, text }: ChainFinding): string {
  return `  finding   ${kind.padEnd(8)} ${callId === null ? '' : `${callId}: `}${text}`;
}
