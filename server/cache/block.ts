/** Whether two blocks of a prompt are the same to the model, and how large one is. Pure. */
import { hash } from 'node:crypto';
import { asArray, asObject, isObject } from '../messages/json.ts';
import type { JsonObject } from '../messages/json.ts';
import type { Prompt, PromptBlock } from './prompt.ts';

/** A block with what tells it again. */
export interface SizedBlock extends PromptBlock {
  /** Of section, role and content without cache marks; 48 bits. */
  readonly key: number;
  /** As JSON without its cache mark. */
  readonly bytes: number;
  /** Share in the tokens of a request: bytes, but for what is encoded. */
  readonly weight: number;
}

/**
 * Claude Code writes who pays into a first block of the system prompt, with a number that is new in each request. The API
 * takes it out before it looks into its cache: gateways that do not are told apart in cause.ts.
 */
const attributionLine = /^x-anthropic-billing-header:[^\n]*/;

/** Tokens of an image depend on its measures, not on its bytes: about 1,500 for a large one, at 3.5 bytes each. */
const imageWeight = 5250;
/** A page of a PDF is some 50 kB of base64 and some 2,000 tokens. */
const documentByteWeight = 0.14;

/** The block as an object, without cache marks and without what the API takes out. */
function plainValue({ value, section }: PromptBlock): unknown {
  if (typeof value === 'string') return plainText({ type: 'text', text: value }, section);
  return isObject(value) ? plainText(withoutMarks(value), section) : value;
}

function plainText(block: JsonObject, section: string): JsonObject {
  const { text } = block;
  if (section !== 'system' || typeof text !== 'string' || !attributionLine.test(text)) return block;
  return { ...block, text: text.replace(attributionLine, 'x-anthropic-billing-header:') };
}

function withoutMarks(value: JsonObject): JsonObject {
  const { content } = value;
  const hasNested =
    Array.isArray(content) && content.some((item) => isObject(item) && 'cache_control' in item);
  if (!('cache_control' in value) && !hasNested) return value;
  const { cache_control: _, ...rest } = value;
  return hasNested
    ? { ...rest, content: content.map((item: unknown) => (isObject(item) ? withoutMarks(item) : item)) }
    : rest;
}

/** The attribution line of a prompt as it was sent; null without one. */
export function attributionOf({ blocks }: Prompt): string | null {
  const first = blocks.find(({ section }) => section === 'system');
  const text = typeof first?.value === 'string' ? first.value : asObject(first?.value)?.['text'];
  return typeof text === 'string' ? (attributionLine.exec(text)?.[0] ?? null) : null;
}

/** The same content in the same role; cache marks do not count. Faster than to compare keys, as nothing is written out. */
export function isSameBlock(one: PromptBlock, two: PromptBlock): boolean {
  if (one.section !== two.section || one.role !== two.role) return false;
  return isEqual(plainValue(one), plainValue(two));
}

/** Depth is bounded: deeper JSON than 1000 levels is not parsed. */
function isEqual(one: unknown, two: unknown): boolean {
  if (one === two) return true;
  if (Array.isArray(one)) {
    return Array.isArray(two) && one.length === two.length && one.every((item, at) => isEqual(item, two[at]));
  }
  if (!isObject(one) || !isObject(two)) return false;
  const names = Object.keys(one);
  if (names.length !== Object.keys(two).length) return false;
  return names.every((name) => Object.hasOwn(two, name) && isEqual(one[name], two[name]));
}

export function sizeBlock(block: PromptBlock): SizedBlock {
  const plain = plainValue(block);
  const json = JSON.stringify(plain) ?? 'null';
  const key = hash('sha1', `${block.section}/${block.role ?? ''}/${json}`, 'buffer').readUIntBE(0, 6);
  const bytes = Buffer.byteLength(json);
  return { ...block, key, bytes, weight: Math.max(1, Math.round(bytes - encodedBytes(plain))) };
}

/** How many of the bytes are encoded content that is not read as text, less what it counts for. */
function encodedBytes(value: unknown): number {
  const block = asObject(value);
  if (block === null) return 0;
  let sum = 0;
  for (const item of asArray(block['content'])) sum += encodedBytes(item);
  const { data } = asObject(block['source']) ?? {};
  if (typeof data === 'string' && asObject(block['source'])?.['type'] === 'base64') {
    sum += data.length - (block['type'] === 'image' ? imageWeight : data.length * documentByteWeight);
  }
  const { thinking, signature } = block;
  // A signature holds the thinking once more; it counts where that was left out.
  if (typeof signature === 'string' && thinking !== '') sum += signature.length;
  return sum;
}

/** Longest text of a block that is looked at or shown whole. */
const plainTypes: Readonly<Record<string, string>> = { text: 'text', thinking: 'thinking' };

/** What a block says, for people: the text of a text, indented JSON of everything else. */
export function textOf(block: PromptBlock): string {
  const plain = asObject(plainValue({ ...block, section: 'messages' }));
  const text = plain?.[plainTypes[block.type] ?? ''];
  if (typeof text === 'string') return text;
  return JSON.stringify(plain ?? block.value, shortened, 2) ?? '';
}

function shortened(name: string, value: unknown): unknown {
  const isLong = typeof value === 'string' && value.length > 1000;
  return isLong && (name === 'data' || name === 'signature')
    ? `${value.slice(0, 60)}… (${value.length})`
    : value;
}
