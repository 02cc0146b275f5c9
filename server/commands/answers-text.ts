/** Two answers side by side, for a terminal: figures in a table, texts with their changed words marked, tool calls by member. */
import type { Call, ComparedAnswer, ComparedBlock, ComparedText, Comparison } from '../api/wire.ts';
import { durationText } from './size-text.ts';
import { printable, tableText } from './table-text.ts';

/** Words around a change that are shown; what is the same for longer is cut. */
const contextCharacters = 160;

export function answersText({ call, items }: Comparison): string {
  return items
    .map((item) => `${figuresText(call, item.call)}\n${verdictText(item)}${blocksText(item)}`)
    .join('\n');
}

function figuresText(before: Call, after: Call): string {
  const rows: [string, string, string][] = [
    ['call', before.id, after.id],
    ['model', before.model ?? before.requested_model ?? '', after.model ?? after.requested_model ?? ''],
    ['outcome', outcome(before), outcome(after)],
    ['input', tokens(before.input_tokens), tokens(after.input_tokens)],
    ['cached', tokens(before.cache_read_tokens), tokens(after.cache_read_tokens)],
    ['output', tokens(before.output_tokens), tokens(after.output_tokens)],
    ['cost', money(before.cost_nano_usd), money(after.cost_nano_usd)],
    ['first token', duration(before.ttft_us), duration(after.ttft_us)],
    ['took', duration(before.duration_us), duration(after.duration_us)],
  ];
  return tableText(['', 'before', 'after'], rows);
}

function outcome(call: Call): string {
  if (call.state !== 'completed') return call.error_kind ?? call.state;
  return call.stop_reason ?? String(call.status ?? '');
}

function tokens(count: number | null): string {
  return count === null ? 'unknown' : `${count} tokens`;
}

function money(nanoUsd: number | null): string {
  return nanoUsd === null ? 'unpriced' : `$${(nanoUsd / 1e9).toFixed(6)}`;
}

function duration(durationUs: number | null): string {
  return durationUs === null ? '' : durationText(durationUs / 1000);
}

function verdictText({ is_same: isSame, likeness }: ComparedAnswer): string {
  if (isSame === null) return 'answers: one of the two has no message\n';
  return isSame ? 'answers: the same\n' : `answers: ${Math.floor((likeness ?? 0) * 100)} % alike\n`;
}

function blocksText({ blocks, is_same: isSame }: ComparedAnswer): string {
  if (isSame === true) return '';
  return blocks.map(blockText).join('');
}

const signs: Readonly<Record<ComparedBlock['op'], string>> = {
  same: ' ',
  changed: '~',
  removed: '-',
  added: '+',
};

function blockText({ op, type, name, text, changes }: ComparedBlock): string {
  const lines = [`${signs[op]} ${printable([type, name].filter((part) => part !== null).join(' '))}`];
  if (op !== 'same') {
    const said = text.map(marked).join('');
    if (said !== '') lines.push(...said.split('\n').map((line) => `    ${printable(line)}`));
    lines.push(
      ...changes.map(
        ({ path, before, after }) => `    ${printable(path)}: ${json(before)} -> ${json(after)}`,
      ),
    );
  }
  return `${lines.join('\n')}\n`;
}

/** As other word diffs mark them. */
function marked({ kind, text }: ComparedText): string {
  if (kind === 'removed') return `[-${text}-]`;
  if (kind === 'added') return `{+${text}+}`;
  if (text.length <= 2 * contextCharacters) return text;
  return `${text.slice(0, contextCharacters)} … ${text.slice(-contextCharacters)}`;
}

function json(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return printable(text.length > 120 ? `${text.slice(0, 119)}…` : text);
}
