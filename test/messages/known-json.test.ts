import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fingerprintOf } from '../../server/messages/fingerprint.ts';
import { asArray, type JsonObject } from '../../server/messages/json.ts';
import { KnownJson } from '../../server/messages/known-json.ts';
import { readRequest } from '../../server/messages/request.ts';

const element = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  // Long enough to be known again.
  fc.record({
    role: fc.constantFrom('user', 'assistant'),
    content: fc.string({ unit: 'binary', minLength: 260 }),
  }),
);
const request = fc.dictionary(
  fc.constantFrom('messages', 'tools', 'system', 'model', 'nested', '__proto__', ''),
  fc.oneof(fc.array(element, { maxLength: 5 }), fc.jsonValue({ maxDepth: 3 }), fc.constant([])),
);
const spaces = fc.constantFrom(undefined, 1, '\t');

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function messageOf(body: JsonObject | null | undefined, turn: number): unknown {
  return asArray(body?.['messages'])[turn];
}

describe('KnownJson', () => {
  test('makes of any JSON what parsing it whole makes, however often parts of it come again', () => {
    fc.assert(
      fc.property(fc.array(request, { minLength: 1, maxLength: 4 }), spaces, (requests, space) => {
        const known = new KnownJson();
        for (const one of [...requests, ...requests]) {
          const text = JSON.stringify(one, null, space);
          expect(known.parse(Buffer.from(text))).toStrictEqual(JSON.parse(text));
        }
      }),
    );
  });

  test('gives the same objects again for messages of one length and make that differ in their first words only', () => {
    const messages = Array.from({ length: 50 }, (_, turn) => ({
      role: 'user',
      content: `${turn} ${'The water stood a hand below the sill. '.repeat(150)}`.slice(0, 5000),
    }));
    const known = new KnownJson();
    const [first, second] = [1, 2].map(() => known.parse(Buffer.from(JSON.stringify({ messages }))));
    expect(first?.['messages']).toEqual(messages);
    for (const turn of messages.keys()) {
      expect(messageOf(second, turn)).toBe(messageOf(first, turn));
    }
  });

  test('takes nothing for known that goes on behind what is', () => {
    const known = new KnownJson();
    const element = JSON.stringify({ role: 'user', content: 'x'.repeat(300) });
    const bodyOf = (text: string): Buffer => Buffer.from(`{"messages":[${text}]}`);
    expect(known.parse(bodyOf(element))).not.toBeNull();
    for (const garbage of ['x', '{}', '"']) expect(known.parse(bodyOf(element + garbage))).toBeNull();
    expect(known.parse(bodyOf(`${element} , ${element}`))).toEqual(
      JSON.parse(bodyOf(`${element},${element}`).toString()),
    );
  });

  test('never makes sense of what is no JSON, and never other sense of what is', () => {
    const known = new KnownJson();
    const damage = fc.record({
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      remove: fc.nat(3),
      put: fc.constantFrom(
        '',
        ',',
        '[',
        ']',
        '{',
        '}',
        '"',
        '\\',
        '0',
        ':',
        ' ',
        '[[',
        ',,',
        ']]',
        '"}',
        '\u{feff}',
      ),
    });
    fc.assert(
      fc.property(request, fc.array(damage, { minLength: 1, maxLength: 3 }), (one, damages) => {
        let text = JSON.stringify(one);
        for (const { at, remove, put } of damages) {
          const place = Math.floor(at * text.length);
          text = text.slice(0, place) + put + text.slice(place + remove);
        }
        const bytes = Buffer.from(text);
        const made = known.parse(bytes);
        if (made !== null) expect(made).toStrictEqual(parsed(bytes.toString()));
      }),
      { numRuns: 3000 },
    );
  });

  test.each([
    '',
    '[]',
    '3',
    '{"messages":[1,]}',
    '{"messages":[,1]}',
    '{"messages":[}',
    '{}[[1]]',
    '{"a":[1}]}',
    '{"a":[1]',
  ])('has nothing for %j', (text) => expect(new KnownJson().parse(Buffer.from(text))).toBeNull());

  test('gives the same object for a message that comes again, and the request that was sent', () => {
    const known = new KnownJson();
    const first = { role: 'user', content: 'x'.repeat(300) };
    const bytes = (...messages: object[]): Buffer =>
      Buffer.from(JSON.stringify({ messages, tools: [first] }));
    const [once, again] = [bytes(first), bytes(first, { role: 'assistant', content: 'y' })].map((each) =>
      known.parse(each),
    );
    const [before, after] = [once, again].map((one) => ((one?.['messages'] ?? []) as unknown[])[0]);
    expect(after).toBe(before);
    expect(again).toEqual({ messages: [first, { role: 'assistant', content: 'y' }], tools: [first] });
  });

  test('changes nothing about what a request is read as', () => {
    const known = new KnownJson();
    const messages: object[] = [];
    for (let turn = 0; turn < 6; turn += 1) {
      messages.push({ role: 'user', content: [{ type: 'text', text: `${turn} ${'wörds '.repeat(60)}` }] });
      const sent = {
        model: 'm',
        system: [{ type: 'text', text: 's'.repeat(300), cache_control: { type: 'ephemeral' } }],
        tools: [{ name: 'a', description: 'é'.repeat(300) }, { type: 'web_search_20260209' }],
        messages,
        stream: turn % 2 === 0,
      };
      const body = Buffer.from(JSON.stringify(sent));
      const input = { method: 'POST', path: '/v1/messages', headers: [], body };
      const facts = readRequest(input, known);
      expect(facts).toEqual(readRequest(input));
      expect(facts.facts?.toolsBytes).toBe(Buffer.byteLength(JSON.stringify(sent.tools)));
      expect(facts.fingerprint).toEqual(fingerprintOf(sent));
      messages.push({ role: 'assistant', content: `answer ${turn}` });
    }
  });
});
