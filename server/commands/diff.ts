/** `weir diff`: what a call asked that the one before did not, why it missed the cache, and, of two calls, what they answered. */
import type { CallDiff, Comparison, DiffBlock } from '../api/wire.ts';
import { nanoToUsd } from '../pricing/money.ts';
import { answerComparison } from '../reader/comparison.ts';
import { answerDiff } from '../reader/diff.ts';
import { openStore, type Store } from '../store/open.ts';
import { readPlainCall } from '../store/replays.ts';
import { answersText } from './answers-text.ts';
import type { CommandIo } from './command-io.ts';
import { questionExitCode } from './sessions.ts';
import { durationText } from './size-text.ts';
import { exitCodes, targetConfig, type StoreTargetOptions } from './store-target.ts';
import { printable, tableText } from './table-text.ts';

export interface DiffOptions extends StoreTargetOptions {
  readonly json?: boolean;
  /** Also what the changed blocks say. */
  readonly text?: boolean;
}

/** 0; 4 when there is no such call or store, 1 when it cannot be read. @throws ConfigError */
export async function runDiff(
  id: string,
  other: string | undefined,
  options: DiffOptions,
  io: CommandIo,
): Promise<number> {
  const config = targetConfig(options);
  try {
    const store = openStore(config.store, 'read');
    try {
      const against = other ?? repeatedBy(store, id);
      const cut = options.json === true || options.text === true ? 20_000 : 200;
      const diff = await answerDiff(store, { id, against, cut });
      if (diff === null) {
        io.stderr(`weir: There is no call ${printable(id)} in ${config.store}.\n`);
        return exitCodes.notFound;
      }
      // The earlier one is named last, as in a diff against it.
      const answers = against === null ? null : await answerComparison(store, against, [id]);
      const shown = answers === null ? diff : { ...diff, answers };
      io.stdout(
        options.json === true
          ? `${JSON.stringify(shown, null, 2)}\n`
          : diffText(diff, answers, options.text === true),
      );
      return exitCodes.ok;
    } finally {
      store.close();
    }
  } catch (error) {
    return questionExitCode(error, config.store, io);
  }
}

/** What a replay is compared with goes without saying; null for any other call. */
function repeatedBy(store: Store, id: string): string | null {
  const original = readPlainCall(store, id)?.replay_of ?? null;
  return original !== null && readPlainCall(store, original) !== null ? original : null;
}

function diffText(diff: CallDiff, answers: Comparison | null, withTexts: boolean): string {
  const sections = [
    headText(diff),
    cacheText(diff),
    diff.settings.map(({ name, from, to }) => `${name}: ${shortJson(from)} -> ${shortJson(to)}\n`).join(''),
    blocksText(diff),
    withTexts ? diff.blocks.map(blockTexts).join('') : '',
    diff.notes.map((note) => `note: ${printable(note)}\n`).join(''),
    answers === null ? '' : answersText(answers),
  ];
  return sections.filter((section) => section !== '').join('\n');
}

function headText(diff: CallDiff): string {
  const against =
    diff.against_id === null
      ? 'nothing: no call before it in its session'
      : `${diff.against_id}${diff.is_previous ? ', the call before' : ''}`;
  const gap =
    diff.gap_ms === null
      ? ''
      : `, ${durationText(Math.abs(diff.gap_ms))} ${diff.gap_ms < 0 ? 'later' : 'earlier'}`;
  return `call     ${diff.call_id}\nagainst  ${against}${gap}\nblocks   ${diff.headline === '' ? 'none' : diff.headline}\n`;
}

function cacheText({ cache, diagnostics }: CallDiff): string {
  const api = diagnostics === null ? '' : `the API says: ${shortJson(diagnostics)}\n`;
  if (cache === null) return api;
  const money = cache.lost_nano_usd === null ? 'unpriced' : `$${nanoToUsd(cache.lost_nano_usd)}`;
  const about = cache.is_estimated ? 'about ' : '';
  return `cache missed: ${cache.cause}, ${about}${cache.lost_tokens} tokens, ${money} more than from the cache\n${cache.explanation}\n${api}`;
}

const signs: Readonly<Record<DiffBlock['op'], string>> = {
  same: ' ',
  added: '+',
  removed: '-',
  changed: '~',
  moved: '>',
};

/** Runs of blocks that stayed are one line. */
function blocksText({ blocks, more_blocks: more }: CallDiff): string {
  const rows: string[][] = [];
  for (let at = 0; at < blocks.length; at += 1) {
    const block = blocks[at];
    if (block === undefined) continue;
    if (block.op !== 'same') {
      rows.push(rowOf(block));
      continue;
    }
    const run = blocks.slice(at).findIndex(({ op, section }) => op !== 'same' || section !== block.section);
    const same = blocks.slice(at, run === -1 ? undefined : at + run);
    at += same.length - 1;
    rows.push([
      ' ',
      same.length === 1 ? (block.at ?? '') : `${block.at ?? ''} … ${same.at(-1)?.at ?? ''}`,
      `${same.length} the same`,
      totalText(same.map(({ tokens }) => tokens)),
      moneyText(same.map(({ cost_nano_usd: cost }) => cost)),
      '',
    ]);
  }
  if (rows.length === 0) return '';
  const rest = more === 0 ? '' : `and ${more} blocks more\n`;
  return `${tableText(['', 'block', 'what', '>tokens (est.)', '>cost (est.)', 'says'], rows)}${rest}`;
}

function rowOf(block: DiffBlock): string[] {
  const what = [block.role, block.type, block.name].filter((part) => part !== null).join(' ');
  const guess = block.approximate ? `, alike ${Math.round((block.likeness ?? 0) * 100)} %` : '';
  const moved = block.op === 'moved' ? `, from ${block.from}` : '';
  const said = (block.text ?? block.from_text ?? '').replaceAll(/\s+/g, ' ').trim();
  return [
    signs[block.op],
    block.at ?? block.from ?? '',
    `${what}${guess}${moved}`,
    totalText([block.tokens ?? block.from_tokens]),
    moneyText([block.cost_nano_usd]),
    said.length > 60 ? `${said.slice(0, 59)}…` : said,
  ];
}

function totalText(values: readonly (number | null)[]): string {
  return values.includes(null) ? '' : String(values.reduce<number>((sum, value) => sum + (value ?? 0), 0));
}

function moneyText(values: readonly (number | null)[]): string {
  const total = values.reduce<number>((sum, value) => sum + (value ?? 0), 0);
  return values.includes(null) ? '' : `$${(total / 1e9).toFixed(6)}`;
}

function blockTexts(block: DiffBlock): string {
  if (block.op === 'same' || block.op === 'moved') return '';
  const lines = (sign: string, text: string | null): string =>
    text === null
      ? ''
      : text
          .split('\n')
          .map((line) => `${sign} ${printable(line)}\n`)
          .join('');
  return `\n${signs[block.op]} ${block.at ?? block.from ?? ''}\n${lines('  -', block.from_text)}${lines('  +', block.text)}`;
}

function shortJson(value: unknown): string {
  const json = JSON.stringify(value) ?? 'nothing';
  return printable(json.length > 120 ? `${json.slice(0, 119)}…` : json);
}
