import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { KnownJson } from '../../server/messages/known-json.ts';
import { piecesOf, stretchesOf } from '../../server/store/cut.ts';

function pieces(bytes: Buffer): string[] {
  return stretchesOf(bytes)
    .flatMap((stretch) => piecesOf(bytes, stretch))
    .map((piece) => piece.toString('latin1'));
}

function request(messages: readonly object[]): Buffer {
  return Buffer.from(JSON.stringify({ model: 'm', system: 'weir '.repeat(400), messages, max_tokens: 9 }));
}

const texts = Array.from(
  { length: 12 },
  (_, index) => `message ${index} says \\"${'water '.repeat(300 + index)}`,
);
const messages = texts.map((content, index) => ({ role: index % 2 === 0 ? 'user' : 'assistant', content }));

describe('a body in pieces', () => {
  test('whatever the bytes are, they are all there in their order', () => {
    const json = fc.json({ maxDepth: 6 }).map((text) => Buffer.from(text));
    const broken = fc
      .tuple(json, fc.nat())
      .map(([bytes, at]) => bytes.subarray(0, at % (bytes.byteLength + 1)));
    const noise = fc.uint8Array({ maxLength: 3000 }).map((bytes) => Buffer.from(bytes));
    const brackets = fc
      .array(fc.constantFrom('[', ']', '{', '}', '"', '\\', ',', 'a'.repeat(200)), { maxLength: 400 })
      .map((parts) => Buffer.from(`[${parts.join('')}`));
    fc.assert(
      fc.property(fc.oneof(json, broken, noise, brackets), (bytes) => {
        const all = pieces(bytes);
        expect(all.join('')).toBe(bytes.toString('latin1'));
        expect(all).not.toContain('');
      }),
    );
  });

  test('the pieces are the same whether elements of the body are known or not', () => {
    const element = fc.oneof(
      fc.jsonValue({ maxDepth: 3 }),
      fc.record({ role: fc.constant('user'), content: fc.string({ unit: 'binary', minLength: 250 }) }),
      fc.constantFrom(...messages),
    );
    const list = fc.array(element, { maxLength: 6 });
    const damage = fc.record({
      at: fc.nat(),
      remove: fc.nat(4),
      put: fc.constantFrom('', ',', ']', '[', '"', '\\'),
    });
    const body = fc.tuple(
      fc.record({ messages: list, system: list, nested: fc.jsonValue() }),
      fc.constantFrom(undefined, 1),
      fc.array(damage, { maxLength: 2 }),
    );
    fc.assert(
      fc.property(fc.array(body, { minLength: 1, maxLength: 4 }), (bodies) => {
        const known = new KnownJson();
        for (const [value, space, damages] of [...bodies, ...bodies]) {
          let text = JSON.stringify(value, null, space);
          for (const { at, remove, put } of damages) {
            const place = at % text.length;
            text = text.slice(0, place) + put + text.slice(place + remove);
          }
          const bytes = Buffer.from(text);
          const unknown = pieces(bytes);
          known.locate(bytes);
          expect(pieces(bytes)).toEqual(unknown);
          known.parse(bytes);
          expect(pieces(bytes)).toEqual(unknown);
        }
      }),
      { numRuns: 400 },
    );
  });

  test('a conversation that has grown has all its earlier pieces but those at its end', () => {
    const before = pieces(request(messages.slice(0, 9)));
    const after = new Set(pieces(request(messages)));
    const again = before.filter((piece) => after.has(piece)).join('').length;
    expect(again / before.join('').length).toBeGreaterThan(0.99);
  });

  test('a cache mark that moves does not bring the text again', () => {
    const marked = messages.map((message, index) =>
      index === 4 ? { ...message, cache_control: {} } : message,
    );
    const before = new Set(pieces(request(messages)));
    const added = pieces(request(marked)).filter((piece) => !before.has(piece));
    expect(added.join('').length).toBeLessThan(200);
  });

  test('many small elements are cut in runs that stay the same when the list grows', () => {
    const small = Array.from({ length: 400 }, (_, index) => ({ role: 'user', content: `yes ${index}` }));
    const before = pieces(request(small.slice(0, 300)));
    const after = new Set(pieces(request(small)));
    const added = before.filter((piece) => !after.has(piece));
    expect(before.length).toBeGreaterThan(8);
    expect(added.join('').length).toBeLessThan(2500);
  });

  test('quotes behind any number of backslashes end a string where JSON ends it', () => {
    const inner = `${'\\'.repeat(61)}"${'q'.repeat(70)}\\"`.repeat(12);
    const bytes = Buffer.from(JSON.stringify({ ['key '.repeat(9)]: inner, b: [texts[0]] }));
    const [first, second, third] = pieces(bytes);
    expect(first).toBe(`{"${'key '.repeat(9)}":"`);
    expect(JSON.parse(`"${second}"`)).toBe(inner);
    expect(third?.startsWith('","b":[')).toBe(true);
  });

  test('a million open brackets are neither many pieces nor a problem', () => {
    expect(pieces(Buffer.from('['.repeat(1_000_000))).length).toBeLessThan(20);
    expect(pieces(Buffer.from('[{"a":'.repeat(200_000))).length).toBeLessThan(20);
  });

  test('what is no JSON stays whole', () => {
    const events = `event: a\ndata: [${'{"b":1},'.repeat(900)}]`;
    expect(pieces(Buffer.from(events))).toEqual([events]);
    expect(pieces(Buffer.alloc(0))).toEqual([]);
  });
});
