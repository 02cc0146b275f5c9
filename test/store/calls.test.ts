import { describe, expect, test } from 'vitest';
import { listCalls, readCall } from '../../server/store/calls.ts';
import { BadCursor, BadQuestion } from '../../server/store/errors.ts';
import type { Filters } from '../../server/store/filters.ts';
import type { Store } from '../../server/store/open.ts';
import { sampleCall, sampleDetails, storeCalls, temporaryStore } from './temporary-store.ts';

function idsMatching(store: Store, filters: Filters): string[] {
  return listCalls(store, filters, 500, null).items.map((call) => call.id);
}

describe('listCalls', () => {
  test('pages give every call once, newest first, also where calls began in the same millisecond', () => {
    const { store, writer } = temporaryStore();
    const ids = Array.from(
      { length: 53 },
      (_, index) => `call-${String((index * 29) % 53).padStart(2, '0')}`,
    );
    storeCalls(
      writer,
      ids.map((id) => sampleCall({ id, started_ms: 1000 + Math.floor(Number(id.slice(5)) / 10) })),
    );
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const page = listCalls(store, {}, 7, cursor);
      expect(page.items.length).toBeLessThanOrEqual(7);
      seen.push(...page.items.map((call) => call.id));
      cursor = page.next_cursor;
    } while (cursor !== null);
    expect(seen).toEqual([...ids].sort().reverse());
  });

  test('a page that ends exactly with the last call has no next cursor', () => {
    const { store, writer } = temporaryStore();
    storeCalls(writer, [sampleCall(), sampleCall()]);
    expect(listCalls(store, {}, 2, null).next_cursor).toBeNull();
    expect(listCalls(store, {}, 1, null).next_cursor).not.toBeNull();
  });

  test.for(['', 'x', 'bm90IG91cnM', '%%%', Buffer.from('12:').toString('base64url')])(
    'a cursor %j that was never given is refused',
    (cursor) => {
      const { store } = temporaryStore();
      expect(() => listCalls(store, {}, 10, cursor)).toThrow(BadCursor);
    },
  );

  test('a call is served with its times in both forms, its tags parsed, and unknown columns null', () => {
    const { store, writer } = temporaryStore();
    storeCalls(writer, [
      sampleCall({
        started_ms: 0,
        ended_ms: 1500,
        tags: '{"feature":"search","__proto__":"x"}',
        input_tokens: 0,
      }),
    ]);
    const [call] = listCalls(store, {}, 1, null).items;
    expect(call).toMatchObject({
      started: '1970-01-01T00:00:00.000Z',
      ended: '1970-01-01T00:00:01.500Z',
      input_tokens: 0,
      output_tokens: null,
      demo: 0,
    });
    expect(Object.entries(call?.tags ?? {})).toEqual([
      ['feature', 'search'],
      ['__proto__', 'x'],
    ]);
  });

  test('damaged JSON in a row fails neither the list nor a filter over tags nor the detail', () => {
    const { store, writer } = temporaryStore();
    const deep = '['.repeat(100_000);
    const [broken = '', nested = '', good = ''] = storeCalls(writer, [
      sampleCall({ tags: '{"team":' }),
      sampleCall({ tags: deep }),
      sampleCall({ tags: '{"team":"a"}' }),
    ]);
    writer.finishCall(
      broken,
      sampleCall(),
      { ...sampleDetails, request_headers: '[', notes: '{', usage: deep },
      [],
    );
    store.sqlite.prepare('UPDATE calls SET tags = ? WHERE id = ?').run('{"team":', broken);
    expect(new Set(idsMatching(store, {}))).toEqual(new Set([good, nested, broken]));
    expect(idsMatching(store, { tag: ['team=a'] })).toEqual([good]);
    expect(readCall(store, broken)).toMatchObject({
      tags: null,
      request_headers: [],
      notes: [],
      usage: null,
    });
  });
});

describe('filters', () => {
  const expectIds = (store: Store, filters: Filters): Set<string> => new Set(idsMatching(store, filters));

  test.for([
    ['user', 'user_id'],
    ['team', 'team'],
    ['key', 'key_id'],
    ['session', 'session_id'],
    ['agent', 'agent_id'],
    ['model', 'model'],
    ['requested_model', 'requested_model'],
    ['error_kind', 'error_kind'],
    ['message_state', 'message_state'],
    ['stop_reason', 'stop_reason'],
    ['path', 'path'],
    ['state', 'state'],
    ['upstream', 'upstream'],
    ['service_tier', 'service_tier'],
    ['cost_source', 'cost_source'],
  ] as const)(
    '%s takes exact values, prefixes and several of them, and matches the unknown by nothing but the empty value',
    ([name, column]) => {
      const { store, writer } = temporaryStore();
      const nullable = column !== 'path' && column !== 'state';
      const [one = '', two = '', other = '', last = ''] = storeCalls(writer, [
        sampleCall({ [column]: 'alpha-1' }),
        sampleCall({ [column]: 'alpha-2' }),
        sampleCall({ [column]: 'Alpha-1' }),
        sampleCall(nullable ? { [column]: null } : { [column]: 'beta' }),
      ]);
      expect(expectIds(store, { [name]: ['alpha-1'] })).toEqual(new Set([one]));
      expect(expectIds(store, { [name]: ['alpha-*'] })).toEqual(new Set([one, two]));
      expect(expectIds(store, { [name]: ['Alpha-1', 'alpha-2'] })).toEqual(new Set([two, other]));
      expect(expectIds(store, { [name]: ['A*', 'alpha-1'] })).toEqual(new Set([one, other]));
      expect(expectIds(store, { [name]: [''] })).toEqual(new Set(nullable ? [last] : []));
      expect(expectIds(store, { [name]: ['', 'alpha-1'] })).toEqual(new Set(nullable ? [one, last] : [one]));
      expect(expectIds(store, { [name]: ['*'] }).size).toBe(nullable ? 3 : 4);
    },
  );

  test('characters that mean something to the database stand for themselves before the final star', () => {
    const { store, writer } = temporaryStore();
    const names = ['a*b', 'a?b', 'a[x]b', 'a%b', 'a_b', "a'b", 'axb'];
    storeCalls(
      writer,
      names.map((team) => sampleCall({ id: team, team })),
    );
    for (const name of names) expect(idsMatching(store, { team: [`${name.slice(0, -1)}*`] })).toEqual([name]);
  });

  test('from is inclusive and to is exclusive', () => {
    const { store, writer } = temporaryStore();
    storeCalls(
      writer,
      [1, 2, 3, 4].map((startedMs) => sampleCall({ id: `at-${startedMs}`, started_ms: startedMs })),
    );
    expect(idsMatching(store, { fromMs: 2, toMs: 4 })).toEqual(['at-3', 'at-2']);
  });

  test.for([
    [['404'], ['404']],
    [['4xx'], ['429', '404', '400']],
    [
      ['5XX', '200'],
      ['529', '200'],
    ],
    [['40*'], ['404', '400']],
    [['>=429'], ['529', '429']],
    [['>429'], ['529']],
    [['<400'], ['200']],
    [['<=400'], ['400', '200']],
    [
      ['', '529'],
      ['529', 'none'],
    ],
  ])('status %j gives %j', ([status = [], expected]) => {
    const { store, writer } = temporaryStore();
    storeCalls(
      writer,
      [200, 400, 404, 429, 529].map((code) =>
        sampleCall({ id: String(code), status: code, started_ms: code }),
      ),
    );
    storeCalls(writer, [sampleCall({ id: 'none', status: null, started_ms: 0 })]);
    expect(idsMatching(store, { status })).toEqual(expected);
  });

  test('a status, a tag or a search that cannot be understood is a bad question', () => {
    const { store } = temporaryStore();
    expect(() => idsMatching(store, { status: ['fine'] })).toThrow(BadQuestion);
    expect(() => idsMatching(store, { tag: ['feature'] })).toThrow(BadQuestion);
    expect(() => idsMatching(store, { q: ['"words'] })).toThrow(BadQuestion);
  });

  test('tags match by name and value, exact or by prefix, and a value may hold an equals sign', () => {
    const { store, writer } = temporaryStore();
    storeCalls(writer, [
      sampleCall({ id: 'a', tags: '{"feature":"search","n":"x=1"}' }),
      sampleCall({ id: 'b', tags: '{"feature":"seal","other":"search"}' }),
      sampleCall({ id: 'c', tags: '{"fea\\"ture":"search","n":7}' }),
      sampleCall({ id: 'd', tags: '["feature"]' }),
      sampleCall({ id: 'e' }),
    ]);
    expect(idsMatching(store, { tag: ['feature=search'] })).toEqual(['a']);
    expect(idsMatching(store, { tag: ['feature=sea*'] })).toEqual(['b', 'a']);
    expect(idsMatching(store, { tag: ['n=x=1', 'n=7'] })).toEqual(['c', 'a']);
    expect(idsMatching(store, { tag: ['fea"ture=*'] })).toEqual(['c']);
    expect(idsMatching(store, { tag: ['n='] })).toEqual(['e', 'd', 'b']);
    expect(idsMatching(store, { tag: ['n=', 'other=', 'n=7'] })).toEqual(['e', 'd', 'c', 'b', 'a']);
    expect(idsMatching(store, { tag: ['feature=', 'feature=seal'] })).toEqual(['e', 'd', 'c', 'b']);
  });

  test('stream, replay, demo, min_cost and min_tokens select, and different filters are joined by and', () => {
    const { store, writer } = temporaryStore();
    storeCalls(writer, [
      sampleCall({
        id: 'a',
        stream: 1,
        demo: 1,
        cost_nano_usd: 500,
        input_tokens: 3,
        cache_read_tokens: 4,
        output_tokens: 5,
      }),
      sampleCall({ id: 'b', stream: 0, replay_of: 'a', cost_nano_usd: 499 }),
      sampleCall({ id: 'c' }),
    ]);
    expect(idsMatching(store, { stream: true })).toEqual(['a']);
    expect(idsMatching(store, { stream: false })).toEqual(['b']);
    expect(idsMatching(store, { replay: true })).toEqual(['b']);
    expect(idsMatching(store, { replay: false })).toEqual(['c', 'a']);
    expect(idsMatching(store, { demo: false })).toEqual(['c', 'b']);
    expect(idsMatching(store, { minCostNanoUsd: 500 })).toEqual(['a']);
    expect(idsMatching(store, { minTokens: 12 })).toEqual(['a']);
    expect(idsMatching(store, { minTokens: 13 })).toEqual([]);
    expect(idsMatching(store, { stream: true, replay: true })).toEqual([]);
  });
});

describe('readCall', () => {
  test('a call comes with headers as pairs, cost lines, notes and its neighbours in the list', () => {
    const { store, writer } = temporaryStore();
    const [older = '', id = '', newer = ''] = storeCalls(writer, [sampleCall(), sampleCall(), sampleCall()]);
    const lines = [{ class: 'input', quantity: 3 }];
    writer.finishCall(
      id,
      { ...sampleCall(), started_ms: readCall(store, id)?.started_ms ?? 0 },
      {
        request_headers: '["A","1","a","2"]',
        response_headers: '["B","3"]',
        cost_lines: JSON.stringify(lines),
        notes: '["one"]',
        usage: '{"start":null,"delta":null,"merged":{"input_tokens":3}}',
      },
      [],
    );
    expect(readCall(store, id)).toMatchObject({
      id,
      request_headers: [
        ['A', '1'],
        ['a', '2'],
      ],
      response_headers: [['B', '3']],
      cost_lines: lines,
      notes: ['one'],
      usage: { merged: { input_tokens: 3 } },
      previous_id: newer,
      next_id: older,
    });
    expect(readCall(store, newer)).toMatchObject({ previous_id: null, next_id: id });
    expect(readCall(store, older)).toMatchObject({ previous_id: id, next_id: null });
    expect(readCall(store, 'nobody')).toBeNull();
  });
});
