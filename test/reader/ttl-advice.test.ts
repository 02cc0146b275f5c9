import { describe, expect, it } from 'vitest';
import { createPricer } from '../../server/pricing/engine.ts';
import { answerCacheLedger } from '../../server/reader/cache-ledger.ts';
import { answerTtlAdvice } from '../../server/reader/ttl-advice.ts';
import { answerStats } from '../../server/reader/what-if.ts';
import type { Store } from '../../server/store/open.ts';
import type { WholeCall, Writer } from '../../server/store/write.ts';
import { minuteMs, startedMs, usageOf, type Used } from '../cache/prompts.ts';
import { sampleCall, sampleDetails, temporaryStore } from '../store/temporary-store.ts';

const pricer = createPricer();

/** A call of Opus 5.5: write $5 and $8 a million, read $0.20. */
function record(writer: Writer, atMinutes: number, used: Used, change: Partial<WholeCall> = {}): string {
  const merged = { ...usageOf({ input: 0, ...used }), output_tokens: 0 };
  const atMs = startedMs + atMinutes * minuteMs;
  const priced = pricer.price({ model: 'claude-opus-5-5', atMs, usage: merged, usageComplete: true });
  const { id, ...row } = sampleCall({
    started_ms: atMs,
    session_id: 's',
    model: 'claude-opus-5-5',
    status: 200,
    usage_complete: 1,
    input_tokens: 0,
    cache_read_tokens: used.read ?? 0,
    cache_write_5m_tokens: used.write5m ?? 0,
    cache_write_1h_tokens: used.write1h ?? 0,
    cost_nano_usd: priced.costNanoUsd,
    computed_cost_nano_usd: priced.costNanoUsd,
    cost_source: 'computed',
    cache_saved_nano_usd: priced.cacheSavedNanoUsd,
    ...change,
  });
  const details = {
    ...sampleDetails,
    usage: JSON.stringify({ start: null, delta: null, merged }),
    cost_lines: JSON.stringify(priced.lines),
  };
  writer.transaction(() => writer.finishCall(id, row, details, []));
  return id;
}

function advise(store: Store) {
  return answerTtlAdvice(store, {}, pricer, startedMs + 60 * minuteMs);
}

describe('whether five minutes or an hour', () => {
  it('is an hour where what was written for five minutes had to be written again', () => {
    const { store, writer } = temporaryStore();
    record(writer, 0, { write5m: 10_000 });
    const missed = {
      cache_miss_cause: 'ttl_expired_5m',
      cache_lost_tokens: 10_000,
      cache_lost_nano_usd: 48_000_000,
    };
    record(writer, 10, { write5m: 11_000 }, missed);
    record(writer, 11, { read: 11_000, write5m: 1000 });
    expect(advise(store)).toMatchObject({
      calls: 3,
      has_more: false,
      gaps: { first: 1, within_5m: 1, within_1h: 1, longer: 0 },
      // 22,000 × $5 + 11,000 × $0.20
      actual_nano_usd: 112_200_000,
      as_5m: { low_nano_usd: 112_200_000, high_nano_usd: 112_200_000 },
      // 12,000 × $8 + 21,000 × $0.20
      as_1h: { low_nano_usd: 100_200_000, high_nano_usd: 100_200_000 },
      advice: '1h',
      reason: 'All writes for an hour would have saved at least $0.012.',
    });
    expect(answerCacheLedger(store, {})).toMatchObject({
      calls: 3,
      missed_calls: 1,
      lost_tokens: 10_000,
      lost_nano_usd: 48_000_000,
      // 11,000 reads at $3.80 less, 22,000 writes at $1 more
      saved_nano_usd: 19_800_000,
      causes: [{ cause: 'ttl_expired_5m', calls: 1, lost_tokens: 10_000, lost_nano_usd: 48_000_000 }],
    });
  });

  it('is five minutes where nobody waited longer', () => {
    const { store, writer } = temporaryStore();
    record(writer, 0, { write1h: 10_000 });
    record(writer, 2, { read: 10_000, write1h: 1000 });
    expect(advise(store)).toMatchObject({
      advice: '5m',
      as_5m: { low_nano_usd: 57_000_000, high_nano_usd: 57_000_000 },
    });
  });

  it('is what it was where that was the cheaper one', () => {
    const { store, writer } = temporaryStore();
    record(writer, 0, { write5m: 10_000 });
    record(writer, 2, { read: 10_000, write5m: 1000 });
    expect(advise(store)).toMatchObject({ advice: 'as_it_is' });
  });

  it('is not told where reads after a wait may have been kept alive by others', () => {
    const { store, writer } = temporaryStore();
    record(writer, 0, { write1h: 10_000 });
    record(writer, 30, { read: 10_000, write1h: 1000 });
    expect(advise(store)).toMatchObject({
      advice: 'unclear',
      as_5m: { low_nano_usd: 57_000_000, high_nano_usd: 105_000_000 },
    });
  });

  it('is not told of calls without a cache', () => {
    const { store, writer } = temporaryStore();
    record(writer, 0, { input: 10_000 });
    expect(advise(store)).toMatchObject({ calls: 0, advice: 'no_data', actual_nano_usd: null });
  });
});

it('a search has its own advice, and its own range of what it would have cost', () => {
  const { store, writer } = temporaryStore();
  const found = record(writer, 0, { write5m: 10_000 });
  record(writer, 1, { write5m: 30_000 });
  writer.transaction(() => writer.setText(found, 'river'));
  const [filters, nowMs] = [{ q: ['river'] }, startedMs + 60 * minuteMs];
  expect(answerTtlAdvice(store, filters, pricer, nowMs)).toMatchObject({ calls: 1, has_more: false });
  const whatIf = { model: null, ttl: '1h', tier: null, cache: true } as const;
  const question = {
    filters,
    metrics: ['calls', 'cost_nano_usd'],
    groupBy: ['model'],
    bucket: null,
    tz: 'UTC',
    comparePrevious: false,
    whatIf,
  } as const;
  const { totals, rows } = answerStats(store, question, () => pricer, nowMs);
  // 10,000 × $8 instead of $5
  const figures = { calls: 1, cost_nano_usd: 50_000_000, what_if_low_nano_usd: 80_000_000 };
  expect([totals, ...rows]).toMatchObject([figures, figures]);
});
