/** `weir check`: whether the store holds what it says, call by call and byte by byte. */
import type { Finding } from '../check/finding.ts';
import { applyRepair, checkStore, type StoreCheck } from '../check/store.ts';
import type { Seal } from '../store/seal.ts';
import { ErrandFailed, runErrand } from '../store/errand.ts';
import { StoreError } from '../store/errors.ts';
import { openStore } from '../store/open.ts';
import { isAboutSearch } from '../store/inspect.ts';
import { isStoreDamage } from '../store/refusal.ts';
import { createWriter } from '../store/write.ts';
import type { CommandIo } from './command-io.ts';
import { createProgress, type Progress } from './progress.ts';
import { durationText, sizeText } from './size-text.ts';
import { storeSeal } from './store-seal.ts';
import { exitCodes, storeExitCode, targetConfig, type StoreTargetOptions } from './store-target.ts';

export interface CheckOptions extends StoreTargetOptions {
  readonly json?: boolean;
  readonly repair?: boolean;
}

/** A finding and what became of it. */
interface ReportedFinding extends Finding {
  readonly repaired: boolean;
}

interface CheckReport extends Omit<StoreCheck, 'findings'> {
  readonly store: string;
  readonly findings: readonly ReportedFinding[];
  readonly durationMs: number;
}

const nothingChecked: StoreCheck = {
  calls: 0,
  states: {},
  bodies: 0,
  bodyBytes: 0,
  findings: [],
  unlisted: 0,
};
const progressEveryMs = 250;
/** More of them are for `--json`. */
const mostShown = 50;

/** 0 clean, 3 with findings that stay, 4 without a store, 75 when a repair needs a store that is in use, 1 otherwise. @throws ConfigError */
export async function runCheck(options: CheckOptions, io: CommandIo): Promise<number> {
  const config = targetConfig(options);
  const { store } = config;
  const progress = createProgress(io.stderr, { isTerminal: process.stderr.isTTY });
  try {
    const begunMs = performance.now();
    const checked = await check(store, progress);
    const isDamaged = checked.findings.some(({ kind }) => kind === 'damage');
    // Into a damaged file nothing is written.
    const mayRepair = options.repair === true && !isDamaged;
    const findings = mayRepair
      ? repair(store, storeSeal(config), checked.findings)
      : checked.findings.map(unrepaired);
    progress.end();
    const durationMs = Math.round(performance.now() - begunMs);
    const report: CheckReport = { ...checked, store, findings, durationMs };
    io.stdout(
      options.json === true ? `${JSON.stringify(reportJson(report), null, 2)}\n` : reportText(report),
    );
    return findings.every(({ repaired }) => repaired) && report.unlisted === 0
      ? exitCodes.ok
      : exitCodes.someFailed;
  } catch (error) {
    progress.end();
    if (!(error instanceof StoreError)) throw error;
    io.stderr(`weir: ${error.message}\n`);
    return storeExitCode(error, store);
  }
}

/** A file that is damaged so that it cannot be read is a finding too. @throws StoreError when there is no store to check */
async function check(path: string, progress: Progress): Promise<StoreCheck> {
  try {
    const damage = await findDamage(path, progress);
    if (damage.some(({ kind }) => kind === 'damage')) return { ...nothingChecked, findings: damage };
    const store = openStore(path, 'read');
    try {
      const checked = await checkStore(store, ({ calls, ofCalls }) =>
        progress.update(ofCalls === 0 ? null : calls / ofCalls, `${calls} of ${ofCalls} calls`),
      );
      return { ...checked, findings: [...damage, ...checked.findings] };
    } finally {
      store.close();
    }
  } catch (error) {
    const isDamage =
      isStoreDamage(error) ||
      (error instanceof ErrandFailed && /^SQLITE_(CORRUPT|NOTADB)/.test(error.code ?? ''));
    if (!isDamage || !(error instanceof Error)) throw error;
    return { ...nothingChecked, findings: [damageFinding(error.message)] };
  }
}

async function findDamage(path: string, progress: Progress): Promise<Finding[]> {
  const ticking = setInterval(() => progress.update(null, 'reading the pages of the file'), progressEveryMs);
  try {
    return (await runErrand({ kind: 'find_damage', path })).map(damageFinding);
  } finally {
    clearInterval(ticking);
  }
}

function damageFinding(text: string): Finding {
  if (!isAboutSearch(text)) return { kind: 'damage', callId: null, text, repair: null };
  return {
    kind: 'search',
    callId: null,
    text: `the search index is damaged (${text}); --repair begins it anew, and weir fills it from the bodies`,
    repair: { kind: 'rebuild_search' },
  };
}

/** In one transaction, on the one connection that may write. @throws StoreError `locked` while weir runs */
function repair(path: string, seal: Seal | null, findings: readonly Finding[]): ReportedFinding[] {
  if (findings.every((finding) => finding.repair === null)) return findings.map(unrepaired);
  const store = openStore(path, 'write', { seal });
  const apply = (finding: Finding): ReportedFinding => ({
    ...finding,
    repaired: finding.repair !== null && applyRepair(store, finding.repair),
  });
  try {
    // The index first, and outside of any transaction, as it would refuse the others'.
    const search = findings.filter(({ kind }) => kind === 'search').map(apply);
    const others = findings.filter(({ kind }) => kind !== 'search');
    return [...search, ...createWriter(store).transaction(() => others.map(apply))];
  } finally {
    store.close();
  }
}

function unrepaired(finding: Finding): ReportedFinding {
  return { ...finding, repaired: false };
}

function reportJson(report: CheckReport) {
  return {
    store: report.store,
    clean: report.findings.length === 0,
    calls: report.calls,
    states: report.states,
    bodies: report.bodies,
    body_bytes: report.bodyBytes,
    duration_ms: report.durationMs,
    findings: report.findings.map(({ kind, callId, text, repair: possible, repaired }) => ({
      kind,
      call_id: callId,
      text,
      repairable: possible !== null,
      repaired,
    })),
    unlisted_findings: report.unlisted,
  };
}

function reportText(report: CheckReport): string {
  const states = Object.entries(report.states).map(([state, calls]) => `${calls} ${state}`);
  const lines = [
    report.store,
    `  ${report.calls} calls${states.length === 0 ? '' : ` (${states.join(', ')})`}`,
    `  ${report.bodies} bodies, ${sizeText(report.bodyBytes)}, every byte read in ${durationText(report.durationMs)}`,
    ...report.findings.slice(0, mostShown).map(findingLine),
  ];
  const more = report.findings.length - mostShown + report.unlisted;
  if (more > 0) lines.push(`  … and ${more} more${report.unlisted === 0 ? ': --json lists them' : ''}`);
  lines.push(`  ${verdict(report)}`);
  return `${lines.join('\n')}\n`;
}

function findingLine({ kind, callId, text, repaired }: ReportedFinding): string {
  return `  ${repaired ? 'repaired' : 'finding '}  ${kind.padEnd(7)} ${callId === null ? '' : `${callId}: `}${text}`;
}

function verdict({ findings, unlisted }: CheckReport): string {
  const count = findings.length + unlisted;
  if (count === 0) return 'clean';
  const repaired = findings.filter((finding) => finding.repaired).length;
  if (repaired === count) return `${count} findings, all repaired`;
  const rest = findings.filter((finding) => finding.repair !== null && !finding.repaired).length;
  const hint = rest === 0 ? '' : `; --repair can put ${rest} right`;
  return `${count} findings${repaired === 0 ? '' : `, ${repaired} repaired`}${hint}`;
}
