/** Answers side by side: of a call and its replays, and of all replays of a batch. */
import type {
  Call,
  ComparedAnswer,
  Comparison,
  PairSum,
  ReplayDifference,
  ReplayRow,
  ReplaysPage,
  ReplayTotals,
} from '../api/wire.ts';
import { compareAnswers, type AnswerComparison } from '../compare/answers.ts';
import type { JsonObject } from '../messages/json.ts';
import { BadQuestion } from '../store/errors.ts';
import type { Store } from '../store/open.ts';
import { replayTags } from '../store/replay-tags.ts';
import { listReplays, readPlainCall, type ReplayFilters } from '../store/replays.ts';
import { readUnderstood } from './content.ts';

/** Answers that are compared at once: a page of them has to be read. */
const mostCompared = 20;

/**
 * @param others ids to compare with; empty takes the newest replays of the call
 * Null when there is no such call. Throws `BadQuestion` for another id that is not there.
 */
export async function answerComparison(
  store: Store,
  id: string,
  others: readonly string[],
): Promise<Comparison | null> {
  const call = readPlainCall(store, id);
  if (call === null) return null;
  const calls =
    others.length === 0
      ? listReplays(store, { of: id }, mostCompared, null).items
      : others.slice(0, mostCompared).map((other) => requireCall(store, other));
  const before = await messageOf(store, id);
  const items: ComparedAnswer[] = [];
  for (const other of calls) {
    const { isSame, likeness, blocks } = compareAnswers(before, await messageOf(store, other.id));
    items.push({
      call: other,
      difference: differenceOf(call, other),
      is_same: isSame,
      likeness,
      blocks: blocks.map(({ text, changes, ...block }) => ({
        ...block,
        text: [...text],
        changes: [...changes],
      })),
    });
  }
  return { call, items };
}

function requireCall(store: Store, id: string): Call {
  const call = readPlainCall(store, id);
  if (call === null) throw new BadQuestion(`There is no call ${id} to compare with.`);
  return call;
}

async function messageOf(store: Store, id: string): Promise<JsonObject | null> {
  return (await readUnderstood(store, id))?.message ?? null;
}

function differenceOf(before: Call, after: Call): ReplayDifference {
  const less = (name: keyof ReplayDifference): number | null => difference(before[name], after[name]);
  return {
    cost_nano_usd: less('cost_nano_usd'),
    input_tokens: less('input_tokens'),
    output_tokens: less('output_tokens'),
    cache_read_tokens: less('cache_read_tokens'),
    duration_us: less('duration_us'),
    ttft_us: less('ttft_us'),
  };
}

function difference(before: number | null, after: number | null): number | null {
  return before === null || after === null ? null : after - before;
}

/** A page of replays, each in a row with what it repeats, newest first; with the first page come the sums over all of them. Throws `BadCursor`. */
export async function answerReplays(
  store: Store,
  filters: ReplayFilters,
  limit: number,
  cursor: string | null,
): Promise<ReplaysPage> {
  const page = listReplays(store, filters, limit, cursor);
  const items: ReplayRow[] = [];
  for (const replay of page.items) items.push(await rowOf(store, replay));
  return { items, next_cursor: page.next_cursor, totals: cursor === null ? sumUp(store, filters) : null };
}

async function rowOf(store: Store, replay: Call): Promise<ReplayRow> {
  const before = replay.replay_of === null ? null : readPlainCall(store, replay.replay_of);
  const answers: AnswerComparison | null =
    before === null || replay.state === 'open'
      ? null
      : compareAnswers(await messageOf(store, before.id), await messageOf(store, replay.id));
  return {
    replay_of: replay.replay_of ?? '',
    id: replay.id,
    batch: replay.tags?.[replayTags.batch] ?? null,
    started_ms: replay.started_ms,
    started: replay.started,
    state: replay.state,
    error_kind: replay.error_kind,
    upstream: replay.upstream,
    original_status: before?.status ?? null,
    status: replay.status,
    original_model: before?.model ?? before?.requested_model ?? null,
    model: replay.model ?? replay.requested_model,
    original_stop_reason: before?.stop_reason ?? null,
    stop_reason: replay.stop_reason,
    original_input_tokens: before?.input_tokens ?? null,
    input_tokens: replay.input_tokens,
    original_output_tokens: before?.output_tokens ?? null,
    output_tokens: replay.output_tokens,
    original_cost_nano_usd: before?.cost_nano_usd ?? null,
    cost_nano_usd: replay.cost_nano_usd,
    cost_difference_nano_usd: difference(before?.cost_nano_usd ?? null, replay.cost_nano_usd),
    original_duration_us: before?.duration_us ?? null,
    duration_us: replay.duration_us,
    original_ttft_us: before?.ttft_us ?? null,
    ttft_us: replay.ttft_us,
    is_same: answers?.isSame ?? null,
    likeness: answers?.likeness ?? null,
  };
}

const summed = ['cost_nano_usd', 'output_tokens', 'duration_us', 'ttft_us'] as const;

function sumUp(store: Store, filters: ReplayFilters): ReplayTotals {
  const sums = Object.fromEntries(summed.map((name) => [name, emptySum()])) as Record<
    (typeof summed)[number],
    PairSum
  >;
  const totals: ReplayTotals = { replays: 0, succeeded: 0, ...sums };
  let cursor: string | null = null;
  do {
    const page = listReplays(store, filters, Number.MAX_SAFE_INTEGER, cursor);
    for (const replay of page.items) {
      totals.replays += 1;
      const status = replay.status ?? 0;
      if (replay.state === 'completed' && status >= 200 && status < 300) totals.succeeded += 1;
      const before = replay.replay_of === null ? null : readPlainCall(store, replay.replay_of);
      if (before !== null) for (const name of summed) addPair(totals[name], before[name], replay[name]);
    }
    cursor = page.next_cursor;
  } while (cursor !== null);
  return totals;
}

function emptySum(): PairSum {
  return { pairs: 0, original: 0, replay: 0, difference: 0 };
}

function addPair(sum: PairSum, before: number | null, after: number | null): void {
  if (before === null || after === null) return;
  sum.pairs += 1;
  sum.original += before;
  sum.replay += after;
  sum.difference += after - before;
}
