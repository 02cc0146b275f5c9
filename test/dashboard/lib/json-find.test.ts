import { describe, expect, it } from 'vitest';
import { findInJson, isInside } from '../../../dashboard/lib/json-find.ts';

const request = {
  model: 'claude-opus-5-5',
  messages: [
    { role: 'user', content: 'Where does the Weir stand?\nBelow the weir.' },
    { role: 'assistant', content: [{ type: 'tool_use', input: { 'the weir': 7, depth: 1.5 } }] },
  ],
};

describe('findInJson', () => {
  it('finds texts, keys and numbers in their order, whatever the case, with the line around them', () => {
    const { places, isMore } = findInJson(request, 'weir', 10);
    expect(places.map(({ path, at }) => [path, at])).toEqual([
      ['$.messages[0].content', 15],
      ['$.messages[0].content', 37],
      ['$.messages[1].content[0].input["the weir"]', null],
    ]);
    expect(isMore).toBe(false);
    expect(places.map(({ excerpt, start, end }) => excerpt.slice(start, end))).toEqual([
      'Weir',
      'weir',
      'weir',
    ]);
    expect(places[0]?.excerpt).not.toContain('\n');
    expect(findInJson(request, '1.5', 10).places).toHaveLength(1);
  });

  it('cuts long texts around the words, and says when there are more places', () => {
    const text = `${'a '.repeat(500)}needle${' b'.repeat(500)}`;
    const { places, isMore } = findInJson([text, text, text], 'needle', 2);
    expect(isMore).toBe(true);
    expect(places).toHaveLength(2);
    expect(places[0]?.excerpt.length).toBeLessThan(200);
    expect(places[0]?.excerpt.slice(places[0].start, places[0].end)).toBe('needle');
  });

  it('looks into no pictures, stands any depth, and finds nothing in nothing', () => {
    expect(
      findInJson({ source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } }, 'AAAA', 9).places,
    ).toEqual([]);
    let deep: unknown = 'bottom';
    for (let depth = 0; depth < 50_000; depth++) deep = [deep];
    expect(findInJson(deep, 'bottom', 9).places).toHaveLength(1);
    expect(findInJson(request, '', 9).places).toEqual([]);
  });
});

it('knows what lies inside of what', () => {
  expect(isInside('$.a.b', '$.a')).toBe(true);
  expect(isInside('$.a[0]', '$.a')).toBe(true);
  expect(isInside('$.ab', '$.a')).toBe(false);
  expect(isInside('$.a', '$.a')).toBe(false);
});
