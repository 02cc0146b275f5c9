/**
 * Why a call read less from the prompt cache than the call before it had left there. The rules, and what they cannot know, are told
 * in docs/cache.md. Pure.
 */
import { asArray, asCount, asObject, asText, isObject } from '../messages/json.ts';
import type { JsonObject } from '../messages/json.ts';
import { canonicalModelId } from '../pricing/model-id.ts';
import { attributionOf, isSameBlock, sizeBlock } from './block.ts';
import type { Prompt, PromptBlock, Section } from './prompt.ts';
import { settingNames } from './prompt.ts';
import { promptTokensOf, type CacheUse } from './use.ts';

/** As `MissCause` in server/api/wire.ts. */
export type Cause =
  | 'model_changed'
  | 'tools_changed'
  | 'system_prompt_changed'
  | 'messages_rewritten'
  | 'breakpoint_moved'
  | 'ttl_expired_5m'
  | 'ttl_expired_1h'
  | 'betas_changed'
  | 'likely_server_side'
  | 'unknown';

export interface CachedCall {
  readonly startedMs: number;
  /** When the head of its answer came, epoch ms; null when none did. */
  readonly answeredMs: number | null;
  readonly model: string | null;
  readonly betas: readonly string[];
  readonly use: CacheUse;
}

/** The call that is judged. */
export interface JudgedCall extends CachedCall {
  readonly prompt: Prompt | null;
  /** Column `upstream`. */
  readonly upstream: string | null;
  /** The answer, for what the API itself says. */
  readonly message: JsonObject | null;
}

export interface Miss {
  readonly cause: Cause;
  readonly at: string | null;
  readonly lostTokens: number;
  /** The tokens are shared out by size and not only measured. */
  readonly isEstimated: boolean;
}

/** Tokens that could have been read and were not; 0 when nothing was missed. Asks for no prompt. */
export function missedTokens(before: CachedCall, now: CachedCall): number {
  // What a call writes can be read from when its answer begins; before, only what it had read itself is known to be there.
  const isThere = before.answeredMs !== null && now.startedMs >= before.answeredMs;
  const there = isThere ? before.use.left : before.use.read;
  return Math.max(0, Math.min(there, promptTokensOf(now.use)) - now.use.read);
}

/** Null when nothing was missed. @param earlier the prompt of `before`; null when it is not at hand */
export function explainMiss(before: CachedCall, earlier: Prompt | null, now: JudgedCall): Miss | null {
  const missed = missedTokens(before, now);
  if (missed === 0) return null;
  const found = diagnosed(earlier, now) ?? reasonOf(before, earlier, now);
  const isRewritten = found.cause === 'messages_rewritten' && found.at?.startsWith('messages') === true;
  if (!isRewritten || earlier === null || now.prompt === null) {
    return { ...found, lostTokens: missed, isEstimated: false };
  }
  // What was written anew could not have been hit; what the same words cost again could.
  const lostTokens = Math.min(missed, sharedTokens(earlier, now.prompt, now.use));
  return lostTokens > 0 ? { ...found, lostTokens, isEstimated: true } : null;
}

type Reason = Pick<Miss, 'cause' | 'at'>;

const diagnoses: Readonly<Record<string, Cause>> = {
  model_changed: 'model_changed',
  system_changed: 'system_prompt_changed',
  tools_changed: 'tools_changed',
  messages_changed: 'messages_rewritten',
};

/** What the API itself says, where it was asked and knows. */
export function diagnosticsOf(message: JsonObject | null): JsonObject | null {
  return asObject(message?.['diagnostics']);
}

function diagnosed(earlier: Prompt | null, now: JudgedCall): Reason | null {
  const type = asText(asObject(diagnosticsOf(now.message)?.['cache_miss_reason'])?.['type']);
  const cause = type === null ? undefined : diagnoses[type];
  if (cause === undefined) return null;
  if (cause === 'model_changed') return { cause, at: 'model' };
  const difference = earlier === null || now.prompt === null ? null : firstDifference(earlier, now.prompt);
  return { cause, at: difference?.cause === cause ? difference.at : null };
}

function reasonOf(before: CachedCall, earlier: Prompt | null, now: JudgedCall): Reason {
  if (canonicalModelId(before.model ?? '') !== canonicalModelId(now.model ?? '')) {
    return { cause: 'model_changed', at: 'model' };
  }
  const gapMs = now.startedMs - before.startedMs;
  const lost = earlier === null ? [] : lostMarks(earlier, before.use, now.use.read);
  const lifetimes = earlier === null ? lifetimesOf(before.use) : lost.map(({ ttl }) => ttl);
  if (isExpired(lifetimes[0], gapMs)) return expired(lifetimes[0]);
  if (earlier === null || now.prompt === null || now.prompt.isContinuation || earlier.isContinuation) {
    return lateExpiry(lifetimes, gapMs) ?? { cause: 'unknown', at: null };
  }
  return (
    firstDifference(earlier, now.prompt) ??
    clearedByApi(now.message) ??
    changedSetting(earlier, now.prompt) ??
    changedBetas(before.betas, now.betas) ??
    changedAttribution(earlier, now) ??
    movedBreakpoint(lost, now.prompt) ??
    lateExpiry(lifetimes, gapMs) ?? { cause: 'likely_server_side', at: null }
  );
}

interface Mark {
  /** Index of its block. */
  readonly block: number;
  readonly at: string;
  readonly ttl: string;
}

function marksOf({ blocks }: Prompt): Mark[] {
  return blocks.flatMap(({ at, ttl }, block) => (ttl === null ? [] : [{ block, at, ttl }]));
}

/**
 * The breakpoints whose prefix was not read again, the shortest first; all of them where they have one lifetime, as then only the last
 * one matters. Where each ends is estimated by size.
 */
function lostMarks(prompt: Prompt, use: CacheUse, read: number): Mark[] {
  const marks = marksOf(prompt);
  if (read === 0 || new Set(marks.map(({ ttl }) => ttl)).size < 2) return marks;
  const weights = prompt.blocks.map((block) => sizeBlock(block).weight);
  const whole = weights.reduce((sum, weight) => sum + weight, 0);
  let end = 0;
  const ends = weights.map((weight) => (end += weight));
  const tokensUpTo = (block: number): number => ((ends[block] ?? whole) / whole) * promptTokensOf(use);
  // The estimate is rough, and the last one was not read: there was a miss.
  return marks.filter(({ block }, index) => index === marks.length - 1 || tokensUpTo(block) > read * 1.1);
}

/** Without the prompt only what was written tells how long it was to live. */
function lifetimesOf({ write5m, write1h }: CacheUse): string[] {
  return [...(write1h > 0 ? ['1h'] : []), ...(write5m > 0 ? ['5m'] : [])];
}

const lifetimeMs: Readonly<Record<string, number>> = { '5m': 5 * 60_000, '1h': 60 * 60_000 };

/** Each use renews an entry, so that its time runs from the start of the call before. */
function isExpired(ttl: string | undefined, gapMs: number): boolean {
  return ttl !== undefined && gapMs > (lifetimeMs[ttl] ?? Number.POSITIVE_INFINITY);
}

function expired(ttl: string | undefined): Reason {
  return { cause: ttl === '1h' ? 'ttl_expired_1h' : 'ttl_expired_5m', at: null };
}

function lateExpiry(lifetimes: readonly string[], gapMs: number): Reason | null {
  const late = lifetimes.find((ttl) => isExpired(ttl, gapMs));
  return late === undefined ? null : expired(late);
}

const sectionCauses: Readonly<Record<Section, Cause>> = {
  tools: 'tools_changed',
  system: 'system_prompt_changed',
  messages: 'messages_rewritten',
};

/** The first block within what was cached that is no longer what it was. */
function firstDifference(earlier: Prompt, now: Prompt): Reason | null {
  const lastMark = marksOf(earlier).at(-1)?.block ?? earlier.blocks.length - 1;
  for (let at = 0; at <= lastMark; at += 1) {
    const [was, is] = [earlier.blocks[at], now.blocks[at]];
    if (was === undefined || (is !== undefined && isSameBlock(was, is))) continue;
    const differs = firstOf(was, is);
    return { cause: sectionCauses[differs.section], at: differs.at };
  }
  return null;
}

const order: Readonly<Record<Section, number>> = { tools: 0, system: 1, messages: 2 };

/** Where one of two blocks stands in an earlier section than the other, one was added or removed there. */
function firstOf(was: PromptBlock, is: PromptBlock | undefined): PromptBlock {
  return is === undefined || order[was.section] < order[is.section] ? was : is;
}

/** The API was told to take old tool results or thinking out of the conversation. */
function clearedByApi(message: JsonObject | null): Reason | null {
  const edits = asArray(asObject(message?.['context_management'])?.['applied_edits']);
  const hasCleared = edits.some((edit) => isObject(edit) && (asCount(edit['cleared_input_tokens']) ?? 0) > 0);
  return hasCleared ? { cause: 'messages_rewritten', at: 'context_management' } : null;
}

/** Which tools may be chosen is part of the tools; the other settings are written into the prompt by the API. */
function changedSetting(earlier: Prompt, now: Prompt): Reason | null {
  const name = settingNames.find((each) => earlier.settings[each] !== now.settings[each]);
  if (name === undefined) return null;
  return { cause: name === 'tool_choice' ? 'tools_changed' : 'system_prompt_changed', at: name };
}

function changedBetas(before: readonly string[], now: readonly string[]): Reason | null {
  const isSame = before.toSorted().join() === now.toSorted().join();
  return isSame ? null : { cause: 'betas_changed', at: 'anthropic-beta' };
}

/** Anthropic takes the line out; to another server it is the beginning of the system prompt. */
function changedAttribution(earlier: Prompt, now: JudgedCall): Reason | null {
  const isAnthropic = /^https:\/\/([^/:]+\.)?anthropic\.com(?:[/:]|$)/.test(now.upstream ?? '');
  if (isAnthropic || now.prompt === null || attributionOf(earlier) === attributionOf(now.prompt)) return null;
  const at = now.prompt.blocks.find(({ section }) => section === 'system')?.at ?? null;
  return { cause: 'system_prompt_changed', at };
}

/** From each breakpoint the API looks back over so many blocks for the end of a prefix that it has. */
const lookBackBlocks = 20;

/** No breakpoint from which the API would have found the end of the longest prefix that it had. */
function movedBreakpoint(lost: readonly Mark[], now: Prompt): Reason | null {
  const end = lost.at(-1);
  if (end === undefined) return null;
  const isReached = marksOf(now).some(
    ({ block }) => block >= end.block && block - end.block < lookBackBlocks,
  );
  return isReached ? null : { cause: 'breakpoint_moved', at: end.at };
}

/**
 * Estimated tokens behind what was read that this prompt says as the cached part of the earlier one did, wherever it stands. What was
 * read ends at a breakpoint before the first difference, so that only what follows has to be shared out by size.
 */
function sharedTokens(earlier: Prompt, now: Prompt, use: CacheUse): number {
  const marks = marksOf(earlier);
  const differs = now.blocks.findIndex((block, at) => {
    const was = earlier.blocks[at];
    return was === undefined || !isSameBlock(was, block);
  });
  const intact = marks.findLast(({ block }) => differs === -1 || block < differs);
  const begin = use.read === 0 || intact === undefined ? 0 : intact.block + 1;
  const known = new Map<number, number>();
  for (const block of earlier.blocks.slice(begin, (marks.at(-1)?.block ?? earlier.blocks.length) + 1)) {
    const { key } = sizeBlock(block);
    known.set(key, (known.get(key) ?? 0) + 1);
  }
  let [whole, shared] = [0, 0];
  for (const block of now.blocks.slice(begin).map(sizeBlock)) {
    whole += block.weight;
    const count = known.get(block.key) ?? 0;
    if (count > 0) shared += block.weight;
    known.set(block.key, count - 1);
  }
  return whole === 0 ? 0 : Math.round((shared / whole) * (promptTokensOf(use) - use.read));
}
