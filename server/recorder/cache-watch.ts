/**
 * Judges each call against the one before it: what that had left in the prompt cache and this one did not read. What it knows of
 * recent calls is bounded; of older ones it asks the store. Requests are only looked into where something was missed.
 */
import { explainMiss, missedTokens, type CachedCall, type JudgedCall, type Miss } from '../cache/cause.ts';
import { conversationOf, promptOf } from '../cache/prompt.ts';
import { cachedCallOf, cachedRow, readRequestBody } from '../cache/stored.ts';
import { cacheUseOf, promptTokensOf, type CacheUse } from '../cache/use.ts';
import type { JsonObject } from '../messages/json.ts';
import { callsBefore, readStoredCall, threadKind, type StoredCall } from '../store/calls-before.ts';
import type { Store } from '../store/open.ts';
import { isStoreRefusal } from '../store/refusal.ts';
import type { WholeCall } from '../store/write.ts';

/** What is judged of a call. */
export interface WatchedCall {
  readonly row: WholeCall;
  readonly betas: readonly string[];
  /** The parsed body; null when it is none, or not whole. */
  readonly request: JsonObject | null;
  /** The merged usage. */
  readonly usage: JsonObject | null;
  readonly message: JsonObject | null;
}

interface KnownCall extends CachedCall {
  readonly id: string;
  /** Null where it is no longer held, or never was. */
  request: JsonObject | null;
  readonly requestBytes: number;
}

/** Conversations that are kept apart by how they begin, of one session, agent and kind. */
type Thread = Map<string, KnownCall>;

const mostThreads = 5000;
const mostConversations = 4;
/** Of requests that are held, as JSON. */
const mostRequestBytes = 16 * 1024 * 1024;

export class CacheWatch {
  readonly #store: () => Store | null;
  /** Least recently used first. */
  readonly #threads = new Map<string, Thread>();
  readonly #held = new Set<KnownCall>();
  #heldBytes = 0;

  /** @param store the open store; null while it cannot be read */
  constructor(store: () => Store | null) {
    this.#store = store;
  }

  /** Null where nothing was missed. From now on the call is known. */
  async judge(call: WatchedCall): Promise<Miss | null> {
    const { row } = call;
    const use = cacheUseOf(call.usage);
    if (use === null || (row.session_id ?? null) === null || (row.replay_of ?? null) !== null) return null;
    const cached = cachedRow(row, use, call.betas);
    const conversation = conversationOf(call.request);
    const before = await this.#before(row, conversation, use);
    const miss = before === null ? null : await this.#explain(before, cached, call);
    this.#learn(row, conversation, {
      ...cached,
      id: row.id,
      request: call.request,
      requestBytes: row.request_bytes ?? 0,
    });
    return miss;
  }

  async #explain(before: KnownCall, now: CachedCall, call: WatchedCall): Promise<Miss | null> {
    if (before.startedMs > now.startedMs || missedTokens(before, now) === 0) return null;
    const request = before.request ?? (await this.#readRequest(before.id));
    const judged: JudgedCall = {
      ...now,
      prompt: call.request === null ? null : promptOf(call.request),
      upstream: call.row.upstream ?? null,
      message: call.message,
    };
    return explainMiss(before, request === null ? null : promptOf(request), judged);
  }

  /** The latest call of the same conversation, or else of the thread: for what uses the cache, and so begins as that did. */
  async #before(row: WholeCall, conversation: string, use: CacheUse): Promise<KnownCall | null> {
    const thread = this.#threads.get(threadKey(row));
    if (thread === undefined) return this.#ask((store) => knownCall(callsBefore(store, row, 1)[0] ?? null));
    const own = thread.get(conversation) ?? null;
    if (own !== null || promptTokensOf(use) === use.input) return own;
    return [...thread.values()].at(-1) ?? null;
  }

  #learn(row: WholeCall, conversation: string, call: KnownCall): void {
    const key = threadKey(row);
    const thread = this.#threads.get(key) ?? new Map<string, KnownCall>();
    this.#threads.delete(key);
    this.#threads.set(key, thread);
    const known = thread.get(conversation);
    // Calls are judged as they end, and one that began earlier may end later.
    if (known !== undefined && known.startedMs > call.startedMs) return;
    if (known !== undefined) this.#letGo(known);
    thread.delete(conversation);
    thread.set(conversation, call);
    this.#hold(call);
    forgetFirst(thread, mostConversations, (oldest) => this.#letGo(oldest));
    forgetFirst(this.#threads, mostThreads, (oldest) => oldest.forEach((each) => this.#letGo(each)));
  }

  #hold(call: KnownCall): void {
    if (call.request === null) return;
    this.#held.add(call);
    this.#heldBytes += call.requestBytes;
    for (const oldest of this.#held) {
      if (this.#heldBytes <= mostRequestBytes) return;
      this.#letGo(oldest);
    }
  }

  #letGo(call: KnownCall): void {
    if (!this.#held.delete(call)) return;
    this.#heldBytes -= call.requestBytes;
    call.request = null;
  }

  /** Null also for one that is damaged: that must not keep the call after it from being understood. */
  async #readRequest(id: string): Promise<JsonObject | null> {
    try {
      return await this.#ask(async (store) => {
        const stored = readStoredCall(store, id);
        return stored === null ? null : readRequestBody(store, stored);
      });
    } catch {
      // `weir check` tells of it; here it is a request that is not at hand.
      return null;
    }
  }

  /** Null also from a store that cannot be read just now: recording goes on without it. */
  async #ask<Answer>(question: (store: Store) => Answer | Promise<Answer>): Promise<Answer | null> {
    const store = this.#store();
    if (store === null) return null;
    try {
      return await question(store);
    } catch (error) {
      if (!isStoreRefusal(error)) throw error;
      return null;
    }
  }
}

function knownCall(stored: StoredCall | null): KnownCall | null {
  const cached = stored === null ? null : cachedCallOf(stored, null);
  return stored === null || cached === null
    ? null
    : { ...cached, id: stored.row.id, request: null, requestBytes: 0 };
}

function threadKey(row: WholeCall): string {
  return JSON.stringify([row.upstream, row.session_id, row.agent_id, threadKind(row.kind)]);
}

function forgetFirst<Value>(map: Map<string, Value>, most: number, forgotten: (value: Value) => void): void {
  for (const [key, value] of map) {
    if (map.size <= most) return;
    map.delete(key);
    forgotten(value);
  }
}
