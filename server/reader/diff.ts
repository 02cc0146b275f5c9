/** What a call asks that another one did not: the prompts of both, block by block, and what that did to the cache. */
import type { CacheMiss, CallDiff, DiffBlock, DiffSetting } from '../api/wire.ts';
import { attributionOf } from '../cache/block.ts';
import { diagnosticsOf, type CachedCall } from '../cache/cause.ts';
import { diffBlocks, headlineOf, sizedBlocks, summaryOf, type DiffSide } from '../cache/diff.ts';
import { explain } from '../cache/explanation.ts';
import { conversationOf, promptOf, settingNames, type Prompt } from '../cache/prompt.ts';
import { paidLines, sharesOf } from '../cache/shares.ts';
import { cachedCallOf, readRequestBody } from '../cache/stored.ts';
import { parseJson, type JsonObject } from '../messages/json.ts';
import { callsBefore, readStoredCall, type StoredCall } from '../store/calls-before.ts';
import { readCall } from '../store/calls.ts';
import { BadQuestion } from '../store/errors.ts';
import type { Store } from '../store/open.ts';
import { toCall } from '../store/shown.ts';
import { readUnderstood } from './content.ts';

const mostBlocks = 20_000;
/** Calls before among which the one is sought that the conversation goes on from. */
const mostBefore = 5;

interface Side {
  readonly call: StoredCall;
  readonly request: JsonObject | null;
  readonly prompt: Prompt | null;
  readonly cached: CachedCall | null;
}

/** Null when there is no such call. Throws `BadQuestion` for another call that is not there. */
export async function answerDiff(
  store: Store,
  { id, against, cut }: { readonly id: string; readonly against: string | null; readonly cut: number },
): Promise<CallDiff | null> {
  const call = readStoredCall(store, id);
  if (call === null) return null;
  const newer = await readSide(store, call);
  const previous = await readPrevious(store, newer);
  const older = against === null ? previous : await readOther(store, against);
  const blocks = diffBlocks(blocksOf(store, older), blocksOf(store, newer), cut);
  const summary = summaryOf(blocks);
  return {
    call_id: id,
    against_id: older?.call.row.id ?? null,
    is_previous: older !== null && older.call.row.id === previous?.call.row.id,
    gap_ms: older === null ? null : call.row.started_ms - older.call.row.started_ms,
    approximate: blocks.some(({ approximate }) => approximate),
    headline: headlineOf(summary),
    summary,
    settings: older === null ? [] : changedSettings(older, newer),
    blocks: blocks.slice(0, mostBlocks) satisfies DiffBlock[],
    more_blocks: Math.max(0, blocks.length - mostBlocks),
    cache: missOf(call, previous),
    diagnostics: diagnosticsOf((await readUnderstood(store, id))?.message ?? null),
    notes: [
      ...notesOf(newer, 'this request'),
      ...(older === null ? [] : notesOf(older, 'the other request')),
    ],
  };
}

async function readOther(store: Store, id: string): Promise<Side> {
  const call = readStoredCall(store, id);
  if (call === null) throw new BadQuestion(`there is no call ${id} to compare with`);
  return readSide(store, call);
}

async function readSide(store: Store, call: StoredCall): Promise<Side> {
  const request = await readRequestBody(store, call);
  return {
    call,
    request,
    prompt: request === null ? null : promptOf(request),
    cached: cachedCallOf(call, request),
  };
}

/** The latest call of the same conversation, or else the latest of all. */
async function readPrevious(store: Store, { call, request }: Side): Promise<Side | null> {
  const conversation = conversationOf(request);
  let latest: Side | null = null;
  for (const before of callsBefore(store, call.row, mostBefore)) {
    const side = await readSide(store, before);
    if (side.request !== null && conversationOf(side.request) === conversation) return side;
    latest ??= side;
  }
  return latest;
}

function blocksOf(store: Store, side: Side | null): DiffSide {
  if (side === null || side.prompt === null) return { blocks: [], shares: null };
  const blocks = sizedBlocks(side.prompt);
  const lines = paidLines(readCall(store, side.call.row.id)?.cost_lines);
  return { blocks, shares: side.cached === null ? null : sharesOf(blocks, side.cached.use, lines) };
}

function changedSettings(older: Side, newer: Side): DiffSetting[] {
  const settings = (side: Side): Record<string, unknown> => ({
    model: side.cached?.model ?? side.call.row.model,
    betas: side.cached?.betas ?? null,
    ...Object.fromEntries(settingNames.map((name) => [name, valueOf(side.prompt?.settings[name])])),
    attribution: side.prompt === null ? null : attributionOf(side.prompt),
  });
  const [from, to] = [settings(older), settings(newer)];
  return Object.keys(to)
    .filter((name) => JSON.stringify(from[name]) !== JSON.stringify(to[name]))
    .map((name) => ({ name, from: from[name], to: to[name] }));
}

function valueOf(json: string | undefined): unknown {
  const parsed = parseJson(json ?? 'null');
  return parsed.ok ? parsed.value : null;
}

/** As it was recorded. */
function missOf({ row }: StoredCall, previous: Side | null): CacheMiss | null {
  const { cache_miss_cause: cause, cache_miss_at: at, cache_lost_tokens, cache_lost_nano_usd } = toCall(row);
  if (cause === null) return null;
  const gapMs = previous === null ? null : row.started_ms - previous.call.row.started_ms;
  return {
    cause,
    at,
    lost_tokens: cache_lost_tokens ?? 0,
    lost_nano_usd: cache_lost_nano_usd,
    is_estimated: cause === 'messages_rewritten' && at?.startsWith('messages') === true,
    explanation: explain(cause, at, gapMs),
  };
}

function notesOf({ request, prompt, cached }: Side, name: string): string[] {
  if (request === null) return [`${name} is not kept whole, or is no JSON: its blocks are not known`];
  return [
    ...(prompt?.isContinuation === true
      ? [`${name} goes on a thread and holds only what is new; the thread itself is not in it`]
      : []),
    ...(cached === null ? [`the answer to ${name} does not tell its tokens`] : []),
  ];
}
