/** `weir cache --recount`: judges recorded and imported calls anew, in their order, from what is stored of them. */
import { lostNanoUsd } from '../cache/loss.ts';
import { headersOf, readRequestBody } from '../cache/stored.ts';
import { asObject, parseJson } from '../messages/json.ts';
import { betasOf } from '../messages/request.ts';
import type { Pricer } from '../pricing/engine.ts';
import { pastInput } from '../pricing/past.ts';
import { readUnderstood } from '../reader/content.ts';
import { CacheWatch } from '../recorder/cache-watch.ts';
import { readStoredCall, type StoredCall } from '../store/calls-before.ts';
import type { Filters } from '../store/filters.ts';
import { noMiss, reviseMiss, type MissColumns } from '../store/misses.ts';
import { openStore, type Store } from '../store/open.ts';
import { eachStoredPrice, type StoredPrice } from '../store/past-calls.ts';
import { createWriter } from '../store/write.ts';
import type { CommandIo } from './command-io.ts';
import { createProgress } from './progress.ts';

export interface Recounted {
  readonly calls: number;
  readonly changed: number;
}

const writtenAtOnce = 500;

/** Reads over one connection and writes over another. @throws StoreError, `locked` while weir records */
export async function recountMisses(
  path: string,
  filters: Filters,
  pricer: Pricer,
  io: CommandIo,
): Promise<Recounted> {
  const target = openStore(path, 'write');
  const progress = createProgress(io.stderr, { isTerminal: process.stderr.isTTY });
  try {
    const source = openStore(path, 'read');
    try {
      const watch = new CacheWatch(() => source);
      let [calls, changed] = [0, 0];
      let waiting: [string, MissColumns][] = [];
      for (const stored of eachStoredPrice(source, filters)) {
        calls += 1;
        const miss = await judgeAgain(source, watch, stored, pricer);
        if (miss !== null) waiting.push([stored.id, miss]);
        progress.update(null, `${calls} calls, ${changed + waiting.length} changed`);
        if (waiting.length < writtenAtOnce) continue;
        changed += write(target, waiting);
        waiting = [];
      }
      changed += write(target, waiting);
      return { calls, changed };
    } finally {
      source.close();
    }
  } finally {
    progress.end();
    target.close();
  }
}

function write(target: Store, waiting: readonly [string, MissColumns][]): number {
  if (waiting.length === 0) return 0;
  createWriter(target).transaction(() => {
    for (const [id, miss] of waiting) reviseMiss(target, id, miss);
  });
  return waiting.length;
}

/** Null where the verdict is what it was. */
async function judgeAgain(
  source: Store,
  watch: CacheWatch,
  stored: StoredPrice,
  pricer: Pricer,
): Promise<MissColumns | null> {
  const call = readStoredCall(source, stored.id);
  if (call === null || call.row.session_id === null || call.row.message_state === null) return null;
  const columns = await verdictOn(source, watch, call, stored, pricer);
  const names = Object.keys(noMiss) as (keyof MissColumns)[];
  return names.every((name) => columns[name] === call.row[name]) ? null : columns;
}

async function verdictOn(
  source: Store,
  watch: CacheWatch,
  call: StoredCall,
  stored: StoredPrice,
  pricer: Pricer,
): Promise<MissColumns> {
  const request = await readRequestBody(source, call);
  const usage = parseJson(stored.usage ?? 'null');
  const miss = await watch.judge({
    row: call.row,
    betas: betasOf(headersOf(call.details.request_headers), request),
    request,
    usage: asObject(usage.ok ? usage.value : null),
    message: (await readUnderstood(source, stored.id))?.message ?? null,
  });
  if (miss === null) return noMiss;
  return {
    cache_miss_cause: miss.cause,
    cache_miss_at: miss.at,
    cache_lost_tokens: miss.lostTokens,
    cache_lost_nano_usd: lostNanoUsd(pricer, pastInput(stored), miss.lostTokens),
  };
}
