import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createHash, randomBytes } from 'node:crypto';
import { KnownJson } from '../../server/messages/known-json.ts';
import { joinBody, packBody, unpackBody } from '../../server/store/bodies.ts';
import { readBody } from '../../server/store/calls.ts';
import type { Store } from '../../server/store/open.ts';
import { openStore } from '../../server/store/open.ts';
import { createWriter, type PartBody, type Writer } from '../../server/store/write.ts';
import { sampleCall, sampleDetails, temporaryStore } from './temporary-store.ts';

const dayMs = 86_400_000;
const noon = Date.UTC(2026, 10, 20, 12);

function part(name: 'request' | 'response', bytes: Uint8Array): PartBody {
  return { part: name, ...joinBody([{ bytes, atUs: 5 }]) };
}

function finish(writer: Writer, parts: readonly PartBody[], startedMs = noon): string {
  const { id, ...row } = sampleCall({ started_ms: startedMs });
  writer.transaction(() => writer.finishCall(id, row, sampleDetails, parts));
  return id;
}

function stored(store: Store, id: string, name: 'request' | 'response'): Buffer {
  return Buffer.concat(readBody(store, id, name).map((row) => unpackBody(row).bytes));
}

function count(store: Store, what: string): number {
  return Number(store.sqlite.prepare(`SELECT ${what}`).pluck().get());
}

/** A request that has grown by `turns`; each turn is some 4 kB that no other conversation has. */
function conversation(name: string, turns: number): Buffer {
  const text = (seed: string): string =>
    Array.from({ length: 40 }, (_, index) =>
      createHash('sha256').update(`${seed} ${index}`).digest('base64'),
    ).join(' ');
  const messages = Array.from({ length: turns }, (_, turn) => ({
    role: turn % 2 === 0 ? 'user' : 'assistant',
    content: [{ type: 'text', text: text(`${name} ${turn}`).repeat(2) }],
  }));
  return Buffer.from(
    JSON.stringify({ model: 'm', system: text('shared'), messages, nonce: `${name} ${turns}` }),
  );
}

describe('bodies in pieces', () => {
  test('any bytes come back exactly', () => {
    const { store, writer } = temporaryStore();
    const json = fc.json({ maxDepth: 5, stringUnit: 'binary' }).map((text) => Buffer.from(text));
    const long = fc
      .array(fc.string({ unit: 'binary', minLength: 0, maxLength: 40 }), { maxLength: 30 })
      .map((texts) => Buffer.from(JSON.stringify({ list: texts.map((text) => text.repeat(60)) })));
    const noise = fc.uint8Array({ maxLength: 5000 }).map((bytes) => Buffer.from(bytes));
    const broken = fc
      .tuple(long, fc.nat())
      .map(([bytes, at]) => bytes.subarray(0, at % (bytes.byteLength + 1)));
    const surrogates = fc
      .array(fc.constantFrom('\\ud800', '\\udc00', '\\"', '\\\\', '"', 'é', '🏞'), { maxLength: 3000 })
      .map((parts) => Buffer.from(`{"a":["${parts.join('')}"]}`));
    const stream = fc
      .array(fc.string({ unit: 'binary' }), { maxLength: 60 })
      .map((texts) =>
        Buffer.from(texts.map((text) => `data: {"text":${JSON.stringify(text)}}\n\n`).join('')),
      );
    const body = fc.oneof(json, long, noise, broken, surrogates, stream);
    fc.assert(
      fc.property(body, body, (request, response) => {
        const id = finish(writer, [part('request', request), part('response', response)]);
        expect(stored(store, id, 'request').equals(request)).toBe(true);
        expect(stored(store, id, 'response').equals(response)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  test('any bytes come back exactly whose elements were known before, on whatever day, and after what was undone', () => {
    const { store, writer } = temporaryStore();
    const known = new KnownJson();
    const text = fc.string({ unit: 'binary', maxLength: 60 }).map((each) => each.repeat(40));
    const pool = fc.array(text, { minLength: 3, maxLength: 6 });
    const request = fc.record({
      picks: fc.array(fc.nat(9), { maxLength: 4 }),
      marked: fc.nat(8),
      damageAt: fc.option(fc.nat(), { freq: 4 }),
      damage: fc.constantFrom('', ',', '"', ']', '},{'),
      look: fc.constantFrom('parse', 'locate', 'not'),
      day: fc.nat(1),
      isUndone: fc.boolean(),
    });
    fc.assert(
      fc.property(pool, fc.array(request, { minLength: 2, maxLength: 9 }), (texts, requests) => {
        for (const { picks, marked, damageAt, damage, look, day, isUndone } of requests) {
          const messages = picks.map((pick, at) => ({
            role: 'user',
            content: [{ text: texts[pick % texts.length], ...(at === marked && { cache_control: {} }) }],
          }));
          const whole = JSON.stringify({ messages, tools: messages.slice(0, 2) });
          const at = damageAt === null ? whole.length : damageAt % whole.length;
          const bytes = Buffer.from(whole.slice(0, at) + damage + whole.slice(at + 2));
          const sent = part('request', bytes);
          if (look !== 'not') known[look](sent.bytes);
          if (isUndone) {
            const { id, ...row } = sampleCall({ started_ms: noon + day * dayMs });
            const undone = (): void =>
              writer.transaction(() => {
                writer.finishCall(id, row, sampleDetails, [sent]);
                throw new Error('undone');
              });
            expect(undone).toThrow('undone');
          }
          const id = finish(writer, [sent], noon + day * dayMs);
          expect(stored(store, id, 'request').equals(bytes)).toBe(true);
        }
      }),
      { numRuns: 60 },
    );
  });

  test('messages that are known of the day before are stored for their own day as well', () => {
    const { store, writer } = temporaryStore();
    const known = new KnownJson();
    const send = (bytes: Buffer, startedMs: number): string => {
      const sent = part('request', bytes);
      known.parse(sent.bytes);
      return finish(writer, [sent], startedMs);
    };
    send(conversation('ada', 3), noon);
    send(conversation('bob', 1), noon + dayMs);
    const id = send(conversation('ada', 3), noon + dayMs);
    store.sqlite.exec(`DELETE FROM packs WHERE id < ${Math.floor((noon + dayMs) / dayMs) * 2 ** 32}`);
    expect(stored(store, id, 'request').equals(conversation('ada', 3))).toBe(true);
  });

  test('a conversation whose messages are known is kept as small as one whose messages are not', () => {
    const sizes = [false, true].map((isKnown) => {
      const { store, writer } = temporaryStore();
      const known = new KnownJson();
      for (let turn = 1; turn <= 20; turn += 1) {
        const sent = part('request', conversation('ada', turn));
        if (isKnown) known.parse(sent.bytes);
        finish(writer, [sent]);
      }
      return count(store, 'sum(raw_bytes) FROM packs');
    });
    expect(sizes[1]).toBeLessThanOrEqual(sizes[0] ?? 0);
  });

  test('a conversation is kept once, however often it is sent', () => {
    const { store, writer } = temporaryStore();
    let sentBytes = 0;
    const ids = Array.from({ length: 30 }, (_, turn) => {
      const request = conversation('ada', turn + 1);
      sentBytes += request.byteLength;
      return finish(writer, [part('request', request)]);
    });
    expect(count(store, 'sum(raw_bytes) FROM packs')).toBeLessThan(conversation('ada', 30).byteLength * 1.1);
    expect(count(store, 'sum(length(bytes)) FROM bodies')).toBeLessThan(sentBytes / 100);
    for (const [turn, id] of ids.entries()) {
      expect(stored(store, id, 'request').equals(conversation('ada', turn + 1))).toBe(true);
    }
  });

  test('an answer and its words in the next request are kept once, however many events brought them', () => {
    const { store, writer } = temporaryStore();
    const words = randomBytes(6000).toString('base64');
    const events = (words.match(/.{1,16}/g) ?? []).map(
      (text) =>
        `event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"${text}"}}\n\n`,
    );
    const first = conversation('ada', 1);
    const answer = Buffer.from(events.join(''));
    const id = finish(writer, [part('request', first), part('response', answer)]);
    const before = count(store, 'sum(length(bytes)) FROM packs');
    finish(writer, [
      part('request', Buffer.from(first.toString().replace('}]}', `}]},{"text":"${words}"}`))),
    ]);
    expect(count(store, 'sum(length(bytes)) FROM packs') - before).toBeLessThan(600);
    expect(stored(store, id, 'response').equals(answer)).toBe(true);
  });

  test('a writer that has just been started knows the pieces of the day as well', () => {
    const { store, writer, path } = temporaryStore();
    finish(writer, [part('request', conversation('ada', 8))]);
    const before = count(store, 'sum(raw_bytes) FROM packs');
    store.close();
    const again = openStore(path, 'write');
    const id = finish(createWriter(again), [part('request', conversation('ada', 9))]);
    expect(count(again, 'sum(raw_bytes) FROM packs') - before).toBeLessThan(8000);
    expect(stored(again, id, 'request').equals(conversation('ada', 9))).toBe(true);
    again.close();
  });

  test('a replay of an ending adds no pieces', () => {
    const { store, writer } = temporaryStore();
    const { id, ...row } = sampleCall({ started_ms: noon });
    const events = Array.from(
      { length: 60 },
      (_, at) =>
        `event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"${at} ${randomBytes(9).toString('hex')}"}}\n\n`,
    );
    const answer = Buffer.from(events.join(''));
    const whole = {
      ...row,
      response_bytes: answer.byteLength,
      response_sha256: createHash('sha256').update(answer).digest('hex'),
    };
    const parts = [part('request', conversation('ada', 3)), part('response', answer)];
    const tell = (to: Writer): void => to.transaction(() => to.finishCall(id, whole, sampleDetails, parts));
    const sizes = (): number[] =>
      ['packs', 'pieces', 'bodies'].map((table) => count(store, `count(*) FROM ${table}`));
    tell(writer);
    const before = sizes();
    tell(writer);
    // One that remembers nothing, as after a restart.
    tell(createWriter(store));
    expect(sizes()).toEqual(before);
    expect(stored(store, id, 'response').equals(answer)).toBe(true);
  });

  test('a request that was saved while its call ran stays as it is', () => {
    const { store, writer } = temporaryStore();
    const { id, ...row } = sampleCall({ started_ms: noon, state: 'open' });
    writer.openCall({ id, ...row }, sampleDetails);
    const request = conversation('ada', 5);
    writer.appendBody(id, 0, { part: 'request', ...packBody([{ bytes: request, atUs: 1 }]) });
    writer.appendBody(id, 0, part('response', Buffer.from('half')));
    expect(stored(store, id, 'request').equals(request)).toBe(true);
    writer.finishCall(id, { ...row, state: 'completed' }, sampleDetails, [
      part('response', Buffer.from('half and half')),
    ]);
    expect(stored(store, id, 'request').equals(request)).toBe(true);
    expect(stored(store, id, 'response').toString()).toBe('half and half');
  });

  test('an answer that is stored after its request takes hardly more than together with it, and so does its repetition', () => {
    /** Bytes of the packs of six turns whose requests repeat the answers before. */
    const bytesOf = (isApart: boolean): number => {
      const { store, writer } = temporaryStore();
      for (const turns of [1, 3, 5, 7, 9, 11]) {
        const request = part('request', conversation('ada', turns));
        const next: { messages: { content: object[] }[] } = JSON.parse(
          conversation('ada', turns + 1).toString(),
        );
        const event = `event: message\ndata: ${JSON.stringify(next.messages.at(-1)?.content[0])}\n\n`;
        const { id, ...row } = sampleCall({ started_ms: noon });
        if (isApart) {
          writer.openCall({ ...row, id, state: 'open' }, sampleDetails);
          writer.transaction(() => writer.appendBody(id, 0, request));
        }
        const parts = [...(isApart ? [] : [request]), part('response', Buffer.from(event.repeat(2)))];
        writer.transaction(() => writer.finishCall(id, row, sampleDetails, parts));
        expect(stored(store, id, 'response').toString()).toBe(event.repeat(2));
        expect(stored(store, id, 'request').equals(conversation('ada', turns))).toBe(true);
      }
      return count(store, 'sum(length(bytes)) FROM packs');
    };
    expect(bytesOf(true)).toBeLessThan(bytesOf(false) * 1.08);
  });

  test('days share nothing: one can be removed and the others stay exact', () => {
    const { store, writer } = temporaryStore();
    const days = [0, 1, 2].map((day) =>
      [1, 2, 3, 4].map((turns) =>
        finish(writer, [part('request', conversation('ada', turns))], noon + day * dayMs),
      ),
    );
    const day = Math.floor((noon + dayMs) / dayMs);
    store.sqlite.exec(`DELETE FROM packs WHERE id >= ${day * 2 ** 32} AND id < ${(day + 1) * 2 ** 32}`);
    store.sqlite.exec(`DELETE FROM pieces WHERE key >= ${day * 2 ** 37} AND key < ${(day + 1) * 2 ** 37}`);
    for (const [index, ids] of days.entries()) {
      for (const [turn, id] of ids.entries()) {
        if (index === 1) expect(() => stored(store, id, 'request')).toThrow(/missing/);
        else expect(stored(store, id, 'request').equals(conversation('ada', turn + 1))).toBe(true);
      }
    }
  });

  test('what was rolled back is not named by what comes after it', () => {
    const { store, writer } = temporaryStore();
    const request = conversation('ada', 6);
    const { id, ...row } = sampleCall({ started_ms: noon });
    const fail = (): void => {
      writer.finishCall(id, row, sampleDetails, [part('request', request)]);
      throw new Error('no');
    };
    expect(() => writer.transaction(fail)).toThrow('no');
    expect(count(store, 'count(*) FROM packs')).toBe(0);
    const kept = finish(writer, [part('request', request)]);
    expect(stored(store, kept, 'request').equals(request)).toBe(true);
  });

  test('packs rest on others only a few deep, and a body of several packs is one body', () => {
    const { store, writer } = temporaryStore();
    for (let turns = 1; turns <= 40; turns += 1)
      finish(writer, [part('request', conversation('ada', turns))]);
    expect(count(store, 'max(depth) FROM packs')).toBe(32);
    const large = Buffer.from(
      JSON.stringify(Array.from({ length: 12 }, () => randomBytes(600_000).toString('base64'))),
    );
    const before = count(store, 'count(*) FROM packs');
    const id = finish(writer, [part('request', large)]);
    expect(count(store, 'count(*) FROM packs') - before).toBe(3);
    expect(stored(store, id, 'request').equals(large)).toBe(true);
  });

  test('an index that points to other bytes, or to a pack that is gone, costs space and nothing else', () => {
    for (const damage of ['UPDATE pieces SET "offset" = "offset" + 1', 'UPDATE pieces SET pack = pack + 7']) {
      const { store, writer, path } = temporaryStore();
      finish(writer, [part('request', conversation('ada', 4))]);
      store.sqlite.exec(damage);
      store.close();
      const again = openStore(path, 'write');
      const id = finish(createWriter(again), [part('request', conversation('ada', 5))]);
      expect(stored(again, id, 'request').equals(conversation('ada', 5))).toBe(true);
      again.close();
    }
  });

  test('a pack that is damaged or gone is an error, not other bytes', () => {
    const { store, writer } = temporaryStore();
    const id = finish(writer, [part('request', conversation('ada', 2))]);
    store.sqlite.prepare('UPDATE bodies SET digest = ?').run(Buffer.alloc(1));
    expect(() => stored(store, id, 'request')).toThrow(/not those that were stored/);
    const lost = count(store, "max(id) FROM packs WHERE packing = 'part'");
    if (lost > 0) {
      store.sqlite.exec(`UPDATE packs SET id = id + 100 WHERE id = ${lost}`);
      expect(() => stored(store, id, 'request')).toThrow();
      store.sqlite.exec(`UPDATE packs SET id = id - 100 WHERE id = ${lost + 100}`);
    }
    store.sqlite.exec('UPDATE packs SET raw_bytes = raw_bytes + 1');
    expect(() => stored(store, id, 'request')).toThrow(/unpacks to/);
    store.sqlite.exec('DELETE FROM packs');
    expect(() => stored(store, id, 'request')).toThrow(/pack \d+ of day 20777 is missing/);
  });

  test('a reader in another connection sees whole bodies while the writer goes on', () => {
    const { writer, path } = temporaryStore();
    const reader = openStore(path, 'read');
    try {
      for (let turns = 1; turns <= 20; turns += 1) {
        const id = finish(writer, [part('request', conversation('ada', turns))]);
        expect(stored(reader, id, 'request').equals(conversation('ada', turns))).toBe(true);
      }
    } finally {
      reader.close();
    }
  });
});
