import { assert, constantFrom, dictionary, jsonValue, property } from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../server/messages/json.ts';
import { applyMergePatch } from '../../server/messages/merge-patch.ts';

describe('a merge patch', () => {
  test.each([
    ['replaces a value and keeps the rest', '{"a":1.0, "b" :"x"}', { b: 2 }, '{"a":1.0, "b" :2}'],
    [
      'adds at the end in the style of what is there',
      '{\n  "a": 1,\n  "b": 2\n}',
      { c: [3] },
      '{\n  "a": 1,\n  "b": 2,\n  "c": [3]\n}',
    ],
    ['adds to an empty object', ' { } ', { a: 1, b: null }, ' {"a":1} '],
    ['removes with null', '{"a":1, "b":2, "c":3}', { b: null }, '{"a":1, "c":3}'],
    ['removes the first and the last', '{"a":1, "b":2, "c":3}', { a: null, c: null }, '{"b":2}'],
    ['removes all', '{"a":1}', { a: null, b: null }, '{}'],
    ['goes into objects', '{"m":{"x":1e2,"y":[1, 2]}}', { m: { y: 'z' } }, '{"m":{"x":1e2,"y":"z"}}'],
    ['replaces what is no object', '{"m":[1]}', { m: { y: 1, z: null } }, '{"m":{"y":1}}'],
    [
      'knows escaped names and quotes in texts',
      '{"a\\"b":"}\\\\","c":"\\u007b"}',
      { 'a"b': 1 },
      '{"a\\"b":1,"c":"\\u007b"}',
    ],
    ['leaves the last of a name that stands twice', '{"a":1,"b":2,"a":3}', { a: 4 }, '{"b":2,"a":4}'],
  ] satisfies [string, string, JsonObject, string][])('%s', (_, text, patch, expected) => {
    expect(applyMergePatch(text, patch)).toBe(expected);
  });

  test('says what RFC 7396 says, and changes no byte without need', () => {
    const json = jsonValue({ maxDepth: 3 });
    const object = dictionary(constantFrom('a', 'b', 'c', 'd e', '"'), json, { maxKeys: 4 });
    assert(
      property(object, object, constantFrom(0, 2), (target, patch, indent) => {
        const text = JSON.stringify(target, null, indent);
        // JSON knows no -0, and the property is about what is written.
        const [plainTarget, plainPatch] = [target, patch].map((value): unknown =>
          JSON.parse(JSON.stringify(value)),
        );
        expect(JSON.parse(applyMergePatch(text, patch))).toEqual(mergePatch(plainTarget, plainPatch));
        expect(applyMergePatch(text, {})).toBe(text);
      }),
      { numRuns: 300 },
    );
  });
});

/** The pseudo code of RFC 7396, 2. */
function mergePatch(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const isObject = typeof target === 'object' && target !== null && !Array.isArray(target);
  const merged = new Map(isObject ? Object.entries(target) : []);
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) merged.delete(name);
    else merged.set(name, mergePatch(merged.get(name), value));
  }
  return Object.fromEntries(merged);
}
