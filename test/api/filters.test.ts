import { describe, expect, test } from 'vitest';
import { filterShape, toFilters, withFilters } from '../../server/api/filters.ts';
import { parseMoment } from '../../server/api/moment.ts';
import { parseUsd } from '../../server/api/money.ts';
import type { Problem } from '../../server/api/wire.ts';
import { serveApi } from './served.ts';

const nowMs = Date.UTC(2026, 5, 15, 12);

async function problemOf(query: string, endpoint = 'live'): Promise<Problem> {
  const served = await serveApi({ now: () => nowMs });
  const answer = await served.ask(`/-/api/v1/${endpoint}?${query}`);
  expect(answer.headers['content-type']).toBe('application/problem+json');
  return JSON.parse(answer.text);
}

describe('points in time', () => {
  test.each([
    ['2026-01-02T03:04:05Z', Date.UTC(2026, 0, 2, 3, 4, 5)],
    ['2026-01-02t03:04:05.678z', Date.UTC(2026, 0, 2, 3, 4, 5, 678)],
    ['2026-01-02T03:04:05.6789+02:00', Date.UTC(2026, 0, 2, 1, 4, 5, 678)],
    ['2026-01-02 03:04:05-05:30', Date.UTC(2026, 0, 2, 8, 34, 5)],
    // What is left of an offset whose plus was not percent-encoded.
    ['2026-01-02T03:04:05 02:00', Date.UTC(2026, 0, 2, 1, 4, 5)],
    ['2026-01-02', Date.UTC(2026, 0, 2)],
    ['2024-02-29', Date.UTC(2024, 1, 29)],
    ['1767323045000', 1_767_323_045_000],
    ['0', 0],
  ])('%s is read', (text, atMs) => {
    expect(parseMoment(text)).toEqual({ atMs });
  });

  test.each([
    ['90m', 90 * 60_000],
    ['24h', 86_400_000],
    ['7d', 7 * 86_400_000],
    ['2w', 14 * 86_400_000],
    ['30s', 30_000],
  ])('%s counts back from now', (text, agoMs) => {
    expect(parseMoment(text)).toEqual({ agoMs });
    expect(toFilters(withFilters({}).parse({ from: text }), nowMs)).toEqual({ fromMs: nowMs - agoMs });
  });

  test.each([
    ['2026-02-30'],
    ['2026-13-01'],
    ['2026-01-02T25:00:00Z'],
    ['2026-01-02T03:04:05'],
    ['2026-01-02T03:04Z'],
    ['Jan 2 2026'],
    ['-1'],
    ['1.5'],
    ['1e12'],
    ['yesterday'],
    ['24 h'],
    ['24H'],
    ['1y'],
    [''],
    ['9999999999999999'],
  ])('%j is none', (text) => {
    expect(parseMoment(text)).toBeNull();
  });
});

describe('amounts of dollars', () => {
  test.each([
    ['0', 0],
    ['1', 1_000_000_000],
    ['0.05', 50_000_000],
    ['0.000000001', 1],
    ['0.1', 100_000_000],
    ['0.3', 300_000_000],
    ['9007199.254740991', Number.MAX_SAFE_INTEGER],
    // A cost is a whole number of nano-dollars: at least 1.2 of them is at least 2.
    ['0.0000000012', 2],
    ['0.00000000100000', 1],
  ])('%s is %d nano-dollars', (text, nanoUsd) => {
    expect(parseUsd(text)).toBe(nanoUsd);
  });

  test.each([['-1'], ['1e3'], ['.5'], ['5.'], ['$5'], ['1,5'], ['9007199.254740992'], ['NaN'], ['']])(
    '%j is none',
    (text) => {
      expect(parseUsd(text)).toBeNull();
    },
  );
});

test('every filter of a query arrives in the filters of the store', () => {
  const given: Record<keyof typeof filterShape, string | string[]> = {
    from: '1000',
    to: '2000',
    model: ['a', 'b*'],
    requested_model: ['c'],
    status: ['429', '5*', '4xx', '>=400'],
    state: ['failed', 'a*'],
    error_kind: ['dns'],
    message_state: ['truncated'],
    stop_reason: ['end_turn'],
    user: ['anna'],
    team: ['red'],
    key: ['k_0123'],
    session: ['s'],
    agent: ['g'],
    tag: ['env=prod*', 'a=b=c'],
    path: ['/v1/*'],
    upstream: ['https://*'],
    service_tier: ['batch', ''],
    stream: 'true',
    min_cost: '0.05',
    min_tokens: '1000',
    replay: 'false',
    demo: 'true',
    error: 'false',
    unpriced: 'true',
    cost_source: ['estimated', ''],
    cache_miss_cause: ['ttl_expired_*', ''],
    q: ['hello world'],
  };
  const { from, to, min_cost, min_tokens, stream, replay, demo, error, unpriced, ...lists } = given;
  expect([from, to, min_cost, min_tokens, stream, replay, demo, error, unpriced]).not.toContain(undefined);
  expect(toFilters(withFilters({}).parse(given), nowMs)).toEqual({
    ...lists,
    fromMs: 1000,
    toMs: 2000,
    stream: true,
    replay: false,
    demo: true,
    error: false,
    unpriced: true,
    minCostNanoUsd: 50_000_000,
    minTokens: 1000,
  });
});

describe('a query that is wrong is 400 with a sentence that names the parameter', () => {
  test.each([
    ['modle=opus', 'There is no parameter "modle"; did you mean "model"?'],
    ['Model=opus', 'There is no parameter "Model"; did you mean "model"?'],
    ['min-cost=1', 'There is no parameter "min-cost"; did you mean "min_cost"?'],
    [
      'from=yesterday',
      'The parameter "from" must be RFC 3339, epoch milliseconds or a duration back from now such as 24h or 7d, not "yesterday".',
    ],
    ['from=2000&to=1000', 'The parameter "from" must be before "to".'],
    ['from=1&from=2', 'The parameter "from" may stand only once.'],
    ['stream=yes', 'The parameter "stream" must be true or false, not "yes".'],
    ['stream=true&stream=false', 'The parameter "stream" may stand only once.'],
    ['min_cost=-1', 'The parameter "min_cost" must be an amount of dollars such as 0.05, not "-1".'],
    ['min_tokens=1.5', 'The parameter "min_tokens" must be a whole number, not "1.5".'],
    ['status=4x', 'The parameter "status" must be a status such as 429, 4xx, 5* or >=400, not "4x".'],
    [
      'state=finished',
      'The parameter "state" must be one of open, completed, failed, aborted, interrupted, not "finished".',
    ],
    [
      'message_state=x*',
      'The parameter "message_state" must be one of complete, complete_no_stop_event, error_event, truncated, not_parsed, not "x*".',
    ],
    ['q=', 'The parameter "q" must not be empty.'],
    ['state=', 'The parameter "state" must be one of open, completed, failed, aborted, interrupted, not "".'],
    ['cost_source=x', 'The parameter "cost_source" must be one of computed, reported, estimated, not "x".'],
    ['unpriced=', 'The parameter "unpriced" must be true or false, not "".'],
    ['tag=env', 'The parameter "tag" must be name=value, not "env".'],
    ['tag==x', 'The parameter "tag" must be name=value, not "=x".'],
    ['q=hello', 'The parameter "q" searches what is stored; the live feed cannot take it.'],
  ])('%s', async (query, detail) => {
    expect(await problemOf(query)).toEqual({
      type: 'urn:weir:problem:bad_parameter',
      title: 'A parameter is wrong',
      status: 400,
      detail,
    });
  });

  test.each([
    ['limit=0', 'The parameter "limit" must be a whole number from 1 to 500.'],
    ['limit=501', 'The parameter "limit" must be a whole number from 1 to 500.'],
    ['limit=1e2', 'The parameter "limit" must be a whole number from 1 to 500.'],
    ['cursor=', 'The parameter "cursor" must not be empty.'],
  ])('calls?%s', async (query, detail) => {
    expect(await problemOf(query, 'calls')).toMatchObject({ status: 400, detail });
  });

  test.each([
    ['metric=cost', /^The parameter "metric" does not know "cost"; it takes calls, errors, /],
    ['metric=calls,cost_nano_uds', /"cost_nano_uds"; did you mean "cost_nano_usd"\?$/],
    ['group_by=modle', /^The parameter "group_by" does not know "modle"; did you mean "model"\?/],
    ['group_by=tag:', /^The parameter "group_by" does not know "tag:"/],
    ['group_by=model,model', /^The parameter "group_by" must not name a group twice\.$/],
    ['bucket=fortnight', /^The parameter "bucket" must be one of auto, minute, hour, day, week, month\.$/],
    ['tz=Mars/Phobos', /^The parameter "tz" must be an IANA time zone such as Europe\/Berlin\.$/],
    ['tz=%2B02:00', /^The parameter "tz" must be an IANA time zone/],
    ['tz=', /^The parameter "tz" must be an IANA time zone/],
    ['compare=last', /^The parameter "compare" must be previous\.$/],
    ['compare=previous', /^The parameter "compare" needs "from"/],
  ])('stats?%s', async (query, detail) => {
    const problem = await problemOf(query, 'stats');
    expect(problem.status).toBe(400);
    expect(problem.detail).toMatch(detail);
  });

  test.each([
    ['__proto__=x'],
    ['constructor=x'],
    ['toString=x'],
    ['model[]=a'],
    ['model%5B0%5D=a'],
    ['limit=5'],
    ['token=x'],
  ])('%s is unknown', async (query) => {
    expect((await problemOf(query)).detail).toMatch(/^There is no parameter "/);
  });

  test('also where nothing can be asked', async () => {
    expect(await problemOf('x=1', 'health')).toMatchObject({
      status: 400,
      detail: 'There is no parameter "x"; this endpoint takes none.',
    });
  });

  test('a value is shown cut', async () => {
    const { detail } = await problemOf(`state=${'x'.repeat(400)}`);
    expect(detail.length).toBeLessThan(200);
  });
});

test('a query is bounded in length and in values', async () => {
  expect(await problemOf(`model=${'x'.repeat(20_000)}`)).toMatchObject({ status: 414 });
  expect(await problemOf(`model=${'x'.repeat(501)}`)).toMatchObject({
    status: 400,
    detail: 'The parameter "model" must not be longer than 500 characters.',
  });
  expect(
    await problemOf(Array.from({ length: 101 }, (_, index) => `model=${index}`).join('&')),
  ).toMatchObject({
    status: 400,
    detail: 'The parameter "model" may be repeated 100 times at the most.',
  });
});
