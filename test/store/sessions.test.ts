import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Session } from '../../server/api/wire.ts';
import { BadCursor } from '../../server/store/errors.ts';
import type { Filters } from '../../server/store/filters.ts';
import type { Store } from '../../server/store/open.ts';
import { listSessions } from '../../server/store/sessions.ts';
import type { WholeCall } from '../../server/store/write.ts';
import { bruteForce } from './brute-force.ts';
import { sampleCall, storeCalls, temporaryStore } from './temporary-store.ts';

function everySession(store: Store, filters: Filters = {}, limit = 3): Session[] {
  const sessions: Session[] = [];
  let cursor: string | null = null;
  do {
    const page = listSessions(store, filters, limit, cursor);
    expect(page.items.length).toBeLessThanOrEqual(limit);
    sessions.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor !== null);
  return sessions;
}

/** What the sessions of these calls should be, computed one call after the other. */
function expectedSessions(calls: readonly WholeCall[]) {
  const sorted = [...calls].sort((a, b) => a.started_ms - b.started_ms || (a.id < b.id ? -1 : 1));
  const groups = Map.groupBy(sorted, (call) => call.session_id ?? null);
  groups.delete(null);
  return [...groups]
    .reverse()
    .sort(
      ([, a], [, b]) =>
        (b[0]?.started_ms ?? 0) - (a[0]?.started_ms ?? 0) || ((b[0]?.id ?? '') < (a[0]?.id ?? '') ? -1 : 1),
    )
    .map(([id, group]) => {
      const figures = bruteForce(group);
      const ends = group.map((call) => call.ended_ms ?? null).filter((end) => end !== null);
      const models = new Set(group.map((call) => call.model ?? null).filter((model) => model !== null));
      return {
        session_id: id,
        started_ms: group[0]?.started_ms,
        ended_ms: ends.length === 0 ? null : Math.max(...ends),
        user_id: group.find((call) => (call.user_id ?? null) !== null)?.user_id ?? null,
        calls: group.length,
        agents: new Set(group.map((call) => call.agent_id ?? null)).size,
        models: [...models].sort(),
        totals: {
          calls: group.length,
          errors: figures.errors,
          input_tokens: figures.input_tokens,
          cache_read_tokens: figures.cache_read_tokens,
          cost_nano_usd: figures.cost_nano_usd,
          unpriced_calls: figures.unpriced_calls,
          total_tokens: figures.total_tokens,
        },
      };
    });
}

function randomCalls(count: number): WholeCall[] {
  const columns = fc.record({
    session_id: fc.constantFrom('s1', 's2', 's3', 's4', 's5', 's6', 's7', null),
    started_ms: fc.integer({ min: 1000, max: 1060 }),
    ended_ms: fc.oneof(fc.integer({ min: 1060, max: 2000 }), fc.constant(null)),
    status: fc.constantFrom(200, 200, 529, null),
    state: fc.constantFrom('completed', 'completed', 'failed', 'open'),
    model: fc.constantFrom('claude-a', 'claude-b', null),
    user_id: fc.constantFrom('ada', 'bob', null),
    agent_id: fc.constantFrom(null, null, 'a1', 'a2'),
    input_tokens: fc.oneof(fc.nat(100), fc.constant(null)),
    cache_read_tokens: fc.oneof(fc.nat(100), fc.constant(null)),
    cost_nano_usd: fc.oneof(fc.nat(100_000), fc.constant(null)),
  });
  return fc.sample(columns, { numRuns: count, seed: 7 }).map((call) => sampleCall(call));
}

describe('listSessions', () => {
  test('pages give every session once, the one that began last first, with the sums of its calls', () => {
    const { store, writer } = temporaryStore();
    const calls = randomCalls(400);
    storeCalls(writer, calls);
    for (const limit of [1, 3, 500]) {
      expect(everySession(store, {}, limit)).toMatchObject(expectedSessions(calls));
    }
  });

  test('filters narrow the calls of which sessions are made', () => {
    const { store, writer } = temporaryStore();
    const calls = randomCalls(400);
    storeCalls(writer, calls);
    const cases: [Filters, (call: WholeCall) => boolean][] = [
      [{ user: ['ada'] }, (call) => call.user_id === 'ada'],
      [{ fromMs: 1020, toMs: 1040 }, (call) => call.started_ms >= 1020 && call.started_ms < 1040],
      [
        { session: ['s3'], model: ['claude-a'] },
        (call) => call.session_id === 's3' && call.model === 'claude-a',
      ],
      [{ user: ['nobody'] }, () => false],
    ];
    for (const [filters, matches] of cases) {
      expect(everySession(store, filters)).toMatchObject(expectedSessions(calls.filter(matches)));
    }
  });

  test('replays belong to no session unless they are asked for', () => {
    const { store, writer } = temporaryStore();
    storeCalls(writer, [
      sampleCall({ id: 'a', session_id: 's' }),
      sampleCall({ session_id: 's', replay_of: 'a' }),
    ]);
    expect(everySession(store).map(({ calls }) => calls)).toEqual([1]);
    expect(everySession(store, { replay: true }).map(({ calls }) => calls)).toEqual([1]);
    expect(everySession(store, { replay: false }).map(({ calls }) => calls)).toEqual([1]);
  });

  test('a session is called by the first words that a user wrote in its main thread', () => {
    const { store, writer } = temporaryStore();
    const turn = (
      session: string,
      kind: string | null,
      preview: string | null,
      agent: string | null = null,
    ) => sampleCall({ session_id: session, kind, preview, agent_id: agent });
    storeCalls(writer, [
      turn('coding', 'title', 'Please write a title'),
      turn('coding', 'subagent', 'Look for weirs', 'a1'),
      turn('coding', 'main', 'tool_result ← Bash'),
      turn('coding', 'main', 'Build me a weir'),
      turn('coding', 'main', 'And now a lock'),
      turn('program', null, 'How deep is the river?'),
      turn('agents-only', 'subagent', 'Look for locks', 'a1'),
      turn('quiet', 'main', null),
    ]);
    const titles = Object.fromEntries(everySession(store).map((each) => [each.session_id, each.title]));
    expect(titles).toEqual({
      coding: 'Build me a weir',
      program: 'How deep is the river?',
      'agents-only': 'Look for locks',
      quiet: null,
    });
  });

  test('a cursor that was never given is refused', () => {
    expect(() => listSessions(temporaryStore().store, {}, 10, 'x')).toThrow(BadCursor);
  });
});
