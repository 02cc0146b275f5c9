import { describe, expect, it } from 'vitest';
import { CacheWatch, type WatchedCall } from '../../server/recorder/cache-watch.ts';
import type { JsonObject } from '../../server/messages/json.ts';
import { packBody } from '../../server/store/bodies.ts';
import { bodies } from '../../server/store/tables.ts';
import type { WholeCall } from '../../server/store/write.ts';
import { minuteMs, requestOf, startedMs, text, usageOf, type Used } from '../cache/prompts.ts';
import { sampleCall, sampleDetails, temporaryStore } from '../store/temporary-store.ts';

const first = requestOf();
const turns = ['Build a weir.', 'Which river?', 'The small one.'];
const next = requestOf({ turns });

function watched(request: JsonObject | null, used: Used, change: Partial<WholeCall> = {}): WatchedCall {
  const row = sampleCall({
    session_id: 's',
    kind: 'main',
    model: 'claude-opus-5-5',
    started_ms: startedMs,
    ttfb_us: 1000,
    request_bytes: JSON.stringify(request).length,
    ...change,
  });
  return { row, betas: [], request, usage: usageOf(used), message: null };
}

const later = { started_ms: startedMs + 10_000 };
const wrote = { write1h: 30_000 };
const total = { write1h: 31_000 };

describe('the watch over the cache', () => {
  it('judges a call against the one before it in its session, by its agent and of its kind', async () => {
    const watch = new CacheWatch(() => null);
    expect(await watch.judge(watched(first, wrote))).toBeNull();
    expect(await watch.judge(watched(next, total, { ...later, session_id: 'another' }))).toBeNull();
    expect(await watch.judge(watched(next, total, { ...later, agent_id: 'a' }))).toBeNull();
    expect(await watch.judge(watched(next, total, { ...later, kind: 'title' }))).toBeNull();
    expect(await watch.judge(watched(next, total, { ...later, session_id: null }))).toBeNull();
    expect(await watch.judge(watched(next, total, { ...later, replay_of: 'x' }))).toBeNull();
    expect(await watch.judge(watched(next, total, later))).toMatchObject({
      cause: 'likely_server_side',
      lostTokens: 30_000,
    });
  });

  it('is not confused by what else a session asks in between', async () => {
    const watch = new CacheWatch(() => null);
    const aside = requestOf({ tools: [], system: [text('Is this a new topic?')], turns: ['Say yes or no.'] });
    await watch.judge(watched(first, wrote));
    expect(await watch.judge(watched(aside, { input: 90 }, { started_ms: startedMs + 5000 }))).toBeNull();
    expect(await watch.judge(watched(next, total, later))).toMatchObject({ lostTokens: 30_000 });
  });

  it('judges what sums a conversation up as its next turn', async () => {
    const watch = new CacheWatch(() => null);
    await watch.judge(watched(first, wrote));
    const summary = watched(next, total, { ...later, kind: 'compaction' });
    expect(await watch.judge(summary)).toMatchObject({ cause: 'likely_server_side', lostTokens: 30_000 });
  });

  it('leaves a call alone that began before the one that ended first', async () => {
    const watch = new CacheWatch(() => null);
    await watch.judge(watched(next, total, later));
    expect(await watch.judge(watched(first, wrote))).toBeNull();
  });

  it('asks the store for what it does not know, the request too', async () => {
    const { store, writer } = temporaryStore();
    const { row } = watched(first, wrote, { bodies: 'full' });
    const bytes = Buffer.from(JSON.stringify(first));
    const usage = JSON.stringify({ start: null, delta: null, merged: usageOf(wrote) });
    writer.transaction(() =>
      writer.finishCall(row.id, { ...row, input_tokens: 3 }, { ...sampleDetails, usage }, [
        { part: 'request', ...packBody([{ bytes, atUs: 0 }]) },
      ]),
    );
    const changed = requestOf({ turns, system: [text('You build walls.')] });
    expect(await new CacheWatch(() => store).judge(watched(changed, total, later))).toMatchObject({
      cause: 'system_prompt_changed',
      at: 'system.0',
    });
    // A request that is damaged there is one that is not at hand.
    store.db
      .update(bodies)
      .set({ packing: 'deflate', bytes: Buffer.from('no') })
      .run();
    expect(await new CacheWatch(() => store).judge(watched(changed, total, later))).toMatchObject({
      cause: 'unknown',
    });
  });

  it('without the request before knows no cause but the time', async () => {
    const watch = new CacheWatch(() => null);
    await watch.judge(watched(null, wrote));
    expect(await watch.judge(watched(next, total, later))).toMatchObject({ cause: 'unknown' });
    const late = { started_ms: startedMs + 90 * minuteMs };
    expect(await watch.judge(watched(next, total, late))).toMatchObject({ cause: 'ttl_expired_1h' });
  });

  it('holds a bounded number of bytes, and judges on', async () => {
    const watch = new CacheWatch(() => null);
    const megabytes = { request_bytes: 9 * 1024 * 1024 };
    await watch.judge(watched(first, wrote, { ...megabytes, session_id: 'old' }));
    await watch.judge(watched(first, wrote, { ...megabytes, session_id: 'new' }));
    const [old, young] = [
      await watch.judge(watched(next, total, { ...later, session_id: 'old' })),
      await watch.judge(watched(next, total, { ...later, session_id: 'new' })),
    ];
    expect([old?.cause, young?.cause]).toEqual(['unknown', 'likely_server_side']);
  });
});
