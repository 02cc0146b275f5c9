import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { joinEvents, splitEvents } from '../../server/store/event-text.ts';
import { encodeVarints } from '../../server/store/varints.ts';

const delta = (text: string, end = ''): string =>
  `event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":${JSON.stringify(text)}}${end}}\n\n`;

/** Parts of streams, whole and damaged. */
const part = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(fc.string(), fc.stringMatching(/^ {0,9}$/)).map(([a, b]) => delta(a, b)) },
  fc.constantFrom(
    'data: [DONE]\n\n',
    'event: ping\ndata: {"type": "ping"}\n\n',
    '"',
    '\\"',
    '\n\n',
    ': x\r\n',
  ),
  fc.string({ unit: 'binary' }),
);

describe('splitEvents', () => {
  test('any stream comes back exactly', () => {
    const spoilt = fc.array(part, { maxLength: 30 }).map((parts) => [...parts, ...parts.slice(0, 9)]);
    let split = 0;
    fc.assert(
      fc.property(spoilt, fc.uint8Array({ maxLength: 9 }), (parts, rest) => {
        const stream = Buffer.concat([Buffer.from(`${delta('"').repeat(20)}${parts.join('')}`), rest]);
        const apart = splitEvents(stream);
        if (apart === null) return;
        split += 1;
        expect(joinEvents(apart, stream.byteLength).equals(stream)).toBe(true);
      }),
    );
    expect(split).toBeGreaterThan(50);
  });

  test('the words of a stream stand together, and what they are wrapped in stands there once', () => {
    const words = 'What an answer says is said in a few letters at a time.'.match(/.{1,4}/g) ?? [];
    const split = splitEvents(Buffer.from(words.map((word) => delta(word)).join('')))?.toString('latin1');
    expect(split).toContain(words.join(''));
    expect(split?.split('content_block_delta')).toHaveLength(3);
  });

  test('what is no stream, is short, or is different in each event stays as it is', () => {
    const differing = Array.from({ length: 50 }, (_, at) => `data: {"at":${at},"n":"${at}"}\n\n`).join('');
    for (const body of ['{"data":1}'.repeat(100), delta('a'), differing, `data:${'\n'.repeat(100_000)}`]) {
      expect(splitEvents(Buffer.from(body))).toBeNull();
    }
  });
});

test('events that do not make as many bytes as the stream had are refused', () => {
  const stream = Buffer.from(delta('word').repeat(20));
  const split = splitEvents(stream) ?? Buffer.of();
  expect(joinEvents(split, stream.byteLength)).toEqual(stream);
  expect(() => joinEvents(split, stream.byteLength + 1)).toThrow(/do not make/);
  expect(() => joinEvents(split.subarray(0, 12), stream.byteLength)).toThrow();
  expect(() => joinEvents(Buffer.of(), stream.byteLength)).toThrow();
  const huge = encodeVarints([1, 1, 2 ** 40, 1, 0, 0, 0, 0]);
  const length = Buffer.of(huge.byteLength, 0, 0, 0);
  expect(() => joinEvents(Buffer.concat([length, huge]), stream.byteLength)).toThrow(/do not make/);
});
