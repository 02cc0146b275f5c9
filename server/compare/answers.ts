/** Two answers to the same question side by side: texts by words, tool calls and everything else by structure. Pure. */
import { asArray, asObject, asText, type JsonObject } from '../messages/json.ts';
import { compareValues, type ValueChange } from './values.ts';
import { diffWords, smooth, type Piece } from './words.ts';

/** A block of one answer, or the same one of both. */
export interface BlockComparison {
  /** `text`, `tool_use`, … */
  readonly type: string;
  /** Of the tool. */
  readonly name: string | null;
  readonly op: 'same' | 'changed' | 'removed' | 'added';
  /** What it says, in words: all of it, what is the same too. */
  readonly text: readonly Piece[];
  /** What else is in it and differs, such as a tool's input; all of it where the block stands on one side only. */
  readonly changes: readonly ValueChange[];
}

export interface AnswerComparison {
  /** Everything but ids and signatures; null where one side has no message. */
  readonly isSame: boolean | null;
  /** Share of the words that both have, 0 to 1, and 1 where there are none; null where one side has no message. */
  readonly likeness: number | null;
  /** Those of the first answer in their order; what only the second has stands where it came. */
  readonly blocks: readonly BlockComparison[];
}

/** Made anew for every answer. */
const ephemeral: ReadonlySet<string> = new Set(['id', 'tool_use_id', 'signature', 'encrypted_content']);
/** What a block says to a reader. */
const textFields = ['text', 'thinking'] as const;
/** Longer answers are paired by place. */
const mostPairs = 250_000;

/** Null is an answer without a message. */
export function compareAnswers(before: JsonObject | null, after: JsonObject | null): AnswerComparison {
  const [one, other] = [blocksOf(before), blocksOf(after)];
  const blocks = pairUp(one, other).map(([left, right]) => compareBlocks(left, right));
  const isKnown = before !== null && after !== null;
  return {
    isSame: isKnown ? blocks.every(({ op }) => op === 'same') : null,
    likeness: isKnown ? likenessOf(blocks) : null,
    blocks,
  };
}

interface Block {
  readonly type: string;
  readonly name: string | null;
  readonly text: string;
  readonly rest: JsonObject;
}

function blocksOf(message: JsonObject | null): Block[] {
  const content: unknown = message?.['content'];
  if (typeof content === 'string') return [{ type: 'text', name: null, text: content, rest: {} }];
  return asArray(content).map((item) => {
    const { type, name, ...fields } = asObject(item) ?? { value: item };
    const texts = textFields.flatMap((field) => asText(fields[field]) ?? []);
    const rest = Object.entries(fields).filter(
      ([field]) => !ephemeral.has(field) && !textFields.some((each) => each === field),
    );
    return {
      type: asText(type) ?? 'unknown',
      name: asText(name),
      text: texts.join('\n'),
      rest: Object.fromEntries(rest),
    };
  });
}

type Pair = readonly [Block | null, Block | null];

/** Blocks of the same kind in the same order; as many pairs as there can be. */
function pairUp(one: readonly Block[], other: readonly Block[]): Pair[] {
  if (one.length * other.length > mostPairs) {
    const longest = Math.max(one.length, other.length);
    return Array.from({ length: longest }, (_, at): Pair => [one[at] ?? null, other[at] ?? null]);
  }
  const best = pairCounts(one, other);
  const pairs: Pair[] = [];
  let [left, right] = [0, 0];
  while (left < one.length || right < other.length) {
    const [block, counterpart] = [one[left] ?? null, other[right] ?? null];
    if (block !== null && counterpart !== null && isSameKind(block, counterpart)) {
      pairs.push([block, counterpart]);
      left += 1;
      right += 1;
    } else if ((best[left + 1]?.[right] ?? -1) >= (best[left]?.[right + 1] ?? -1) && block !== null) {
      pairs.push([block, null]);
      left += 1;
    } else {
      pairs.push([null, counterpart]);
      right += 1;
    }
  }
  return pairs;
}

/** How many pairs can be made of what begins at these places. */
function pairCounts(one: readonly Block[], other: readonly Block[]): number[][] {
  const counts = Array.from({ length: one.length + 1 }, () =>
    Array.from({ length: other.length + 1 }, () => 0),
  );
  for (let left = one.length - 1; left >= 0; left -= 1) {
    const row = counts[left] ?? [];
    const below = counts[left + 1] ?? [];
    for (let right = other.length - 1; right >= 0; right -= 1) {
      const [block, counterpart] = [one[left], other[right]];
      const isPair = block !== undefined && counterpart !== undefined && isSameKind(block, counterpart);
      row[right] = isPair ? 1 + (below[right + 1] ?? 0) : Math.max(below[right] ?? 0, row[right + 1] ?? 0);
    }
  }
  return counts;
}

function isSameKind(one: Block, other: Block): boolean {
  return one.type === other.type && one.name === other.name;
}

function compareBlocks(before: Block | null, after: Block | null): BlockComparison {
  const { type, name } = before ?? after ?? { type: 'unknown', name: null };
  // Blocks that were paired by place alone.
  const isOtherKind = before !== null && after !== null && !isSameKind(before, after);
  const text = smooth(diffWords(before?.text ?? '', after?.text ?? ''));
  const changes = isOtherKind
    ? compareValues(wholeOf(before), wholeOf(after))
    : compareValues(before?.rest ?? {}, after?.rest ?? {});
  if (before === null) return { type, name, op: 'added', text, changes };
  if (after === null) return { type, name, op: 'removed', text, changes };
  const isSame = changes.length === 0 && before.text === after.text;
  return { type, name, op: isSame ? 'same' : 'changed', text, changes };
}

function wholeOf({ type, name, rest }: Block): JsonObject {
  return { type, ...(name === null ? {} : { name }), ...rest };
}

function likenessOf(blocks: readonly BlockComparison[]): number {
  let shared = 0;
  let all = 0;
  for (const { op, text, changes } of blocks) {
    for (const piece of text) {
      const words = wordsIn(piece.text);
      // What is the same stands on both sides.
      all += piece.kind === 'same' ? 2 * words : words;
      if (piece.kind === 'same') shared += 2 * words;
    }
    // A tool call counts as one word that both say, or only one of them.
    if (text.length === 0) {
      all += op === 'same' || op === 'changed' ? 2 : 1;
      if (op === 'same') shared += 2;
    } else if (op === 'changed' && changes.length > 0) all += 1;
  }
  return all === 0 ? 1 : shared / all;
}

function wordsIn(text: string): number {
  return text.match(/[\p{L}\p{N}_]+/gu)?.length ?? 0;
}
