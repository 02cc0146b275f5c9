/** Calls of growing sessions, recorded: what they take on the disk and of the processor, beside bodies as they are. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { KnownJson } from '../server/messages/known-json.ts';
import { createPricer } from '../server/pricing/engine.ts';
import type { EndedCall } from '../server/recorder/assembly.ts';
import { digest, openDetails, openRow, type Digested } from '../server/recorder/digest.ts';
import { createNewText } from '../server/recorder/new-text.ts';
import { unpackBody } from '../server/store/bodies.ts';
import { readBody } from '../server/store/calls.ts';
import { openStore, type Store } from '../server/store/open.ts';
import { PostgresConnection } from '../server/store/postgres/connection.ts';
import { serverBytes, usedBytes } from '../server/store/retention.ts';
import { createWriter } from '../server/store/write.ts';
import { sessionCalls } from './sessions.ts';
import { print, table } from './table.ts';

const groupCalls = 16;

/** Sentences about figures that are missed. @param postgres an address, whose figures stand in a column of their own; null: none */
export async function ingestTable(
  folder: string,
  sessions: number,
  turns: number,
  postgres: string | null,
): Promise<string[]> {
  const plan = { sessions, turns, firstBytes: 112_000, growthBytes: 5600 };
  // The same calls in turns, so that a busy machine is so to all of them.
  const layouts = ['none', 'naive', 'weir'] as const;
  const recordings = layouts.map((bodies) => new Recording(join(folder, `${bodies}.db`), bodies));
  const schema = postgres === null ? null : ownSchema(postgres);
  const onServer = schema === null ? null : new Recording(schema.target, 'weir');
  if (onServer !== null) recordings.push(onServer);
  let group: EndedCall[] = [];
  let [calls, rawBytes, chunks] = [0, 0, 0];
  const last: EndedCall[] = [];
  for (const call of sessionCalls(plan)) {
    group.push(call);
    rawBytes += call.end.requestBytes + call.end.responseBytes;
    chunks += call.response.chunks.length;
    last.push(call);
    if (last.length > 20) last.shift();
    if (group.length < groupCalls && calls + group.length < sessions * turns) continue;
    calls += group.length;
    for (const recording of recordings) await recording.record(group);
    group = [];
  }
  const [bare, naive, weir] = recordings.map((recording) => recording.close()) as [Figures, Figures, Figures];
  const server = onServer?.figures;
  const store = openStore(weir.path, 'read');
  const readMs = readBack(store, last);
  const serverReadMs = schema === null ? null : readFrom(schema, last);
  const sizes = sizesOf(store);
  store.close();
  const perCall = (value: number, digits: number): string => (value / calls).toFixed(digits);
  print(
    `${calls} calls of growing sessions, ${Math.round(rawBytes / calls / 1000)} kB each with their answers of ${Math.round(chunks / calls)} chunks`,
  );
  table([
    ['', 'naive', 'Weir', ...(server === undefined ? [] : ['PostgreSQL'])],
    [
      'file, bytes for each call',
      perCall(naive.bytes, 0),
      perCall(weir.bytes, 0),
      ...(server === undefined ? [] : [perCall(server.bytes, 0)]),
    ],
    [
      'part of what was sent',
      `1/${(rawBytes / naive.bytes).toFixed(1)}`,
      `1/${(rawBytes / weir.bytes).toFixed(1)}`,
    ],
    ['  of it packs of bodies', '', perCall(sizes.packs, 0)],
    ['  of it lists of slices', '', perCall(sizes.lists, 0)],
    ['  of it arrival times of chunks', '', perCall(sizes.marks, 0)],
    ['  of it the index of pieces', '', perCall(sizes.pieces, 0)],
    ['  of it the search index', '', perCall(sizes.words, 0)],
    ['CPU of a recorded call, ms', perCall(naive.cpuMs, 2), perCall(weir.cpuMs, 2)],
    [
      'time of a recorded call, ms',
      perCall(naive.wallMs, 2),
      perCall(weir.wallMs, 2),
      ...(server === undefined ? [] : [perCall(server.wallMs, 2)]),
    ],
    ['  of it decoding, pricing, words', perCall(naive.digestMs, 2), perCall(weir.digestMs, 2)],
    ['  of it the bodies', perCall(naive.cpuMs - bare.cpuMs, 2), perCall(weir.cpuMs - bare.cpuMs, 2)],
    [
      'read both bodies of a last turn, ms',
      '',
      readMs.toFixed(1),
      ...(serverReadMs === null ? [] : [serverReadMs.toFixed(1)]),
    ],
  ]);
  const wordsPart = sizes.words / rawBytes;
  return [
    ...(rawBytes / weir.bytes < 50 && calls >= 4000
      ? ['the file with its search index is larger than a fiftieth of what was sent']
      : []),
    ...(wordsPart > 0.02
      ? [`the search index is ${(100 * wordsPart).toFixed(1)} % of what was sent, not 2`]
      : []),
    ...(weir.cpuMs / calls > 1.5 ? [`${perCall(weir.cpuMs, 2)} of 1.5 ms CPU for a recorded call`] : []),
  ];
}

interface Figures {
  readonly path: string;
  readonly cpuMs: number;
  readonly digestMs: number;
  readonly wallMs: number;
  readonly bytes: number;
}

/** @param bodies `naive`: they go into their rows as they are */
class Recording {
  readonly #bodies: 'naive' | 'weir' | 'none';
  readonly #store: Store;
  readonly #writer: ReturnType<typeof createWriter>;
  readonly #pricer = createPricer();
  readonly #context = { newText: createNewText(), knownJson: new KnownJson() };
  #digestMs = 0;
  #cpuMs = 0;
  #wallMs = 0;
  figures: Figures | undefined;

  constructor(target: string, bodies: 'naive' | 'weir' | 'none') {
    this.#bodies = bodies;
    this.#store = openStore(target, 'write', { durability: 'normal' });
    this.#writer = createWriter(this.#store);
  }

  async record(calls: readonly EndedCall[]): Promise<void> {
    const [begunMs, beganMs] = [cpuMs(), performance.now()];
    const digested: Digested[] = [];
    for (const call of calls) digested.push(await digest(call, this.#pricer, this.#context));
    this.#digestMs += cpuMs() - begunMs;
    this.#writer.transaction(() => {
      for (const [index, { row, details, parts, text }] of digested.entries()) {
        const call = calls[index];
        if (call !== undefined) this.#writer.openCall(openRow(call.open), openDetails(call.open));
        this.#writer.finishCall(row.id, row, details, this.#bodies === 'weir' ? parts : []);
        if (this.#bodies === 'weir') this.#writer.setText(row.id, text);
        if (this.#bodies === 'naive') this.#addAsTheyAre(row.id, parts);
      }
    });
    this.#cpuMs += cpuMs() - begunMs;
    this.#wallMs += performance.now() - beganMs;
  }

  #addAsTheyAre(id: string, parts: Digested['parts']): void {
    const add = this.#store.sqlite.prepare(
      "INSERT INTO bodies (call_id, part, segment, packing, bytes, kept_bytes, marks) VALUES (?, ?, 0, 'raw', ?, ?, ?)",
    );
    for (const { part, bytes, kept_bytes: kept, marks } of parts) add.run(id, part, bytes, kept, marks);
  }

  close(): Figures {
    const { path, engine } = this.#store;
    this.#writer.emptyLog();
    const onServer = engine === 'postgres' ? serverBytes(this.#store) : null;
    this.#writer.close();
    this.figures = {
      path,
      cpuMs: this.#cpuMs,
      digestMs: this.#digestMs,
      wallMs: this.#wallMs,
      bytes: onServer ?? statSync(path).size,
    };
    return this.figures;
  }
}

interface Schema {
  readonly target: string;
  readonly drop: () => void;
}

/** A store of its own within the database, as others are put into that as well. */
function ownSchema(address: string): Schema {
  const connection = new PostgresConnection({ url: address });
  connection.exec('DROP SCHEMA IF EXISTS ingest CASCADE; CREATE SCHEMA ingest');
  const mark = address.includes('?') ? '&' : '?';
  return {
    target: `${address}${mark}options=-csearch_path%3Dingest,public`,
    drop: () => {
      connection.exec('DROP SCHEMA ingest CASCADE');
      connection.close();
    },
  };
}

function readFrom({ target, drop }: Schema, calls: readonly EndedCall[]): number {
  const store = openStore(target, 'read');
  try {
    return readBack(store, calls);
  } finally {
    store.close();
    drop();
  }
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Bytes of what the file is made of, by their contents, not by pages. */
function sizesOf(store: Store) {
  const sum = (what: string): number => Number(store.sqlite.prepare(`SELECT ${what}`).pluck().get() ?? 0);
  return {
    all: usedBytes(store),
    packs: sum('sum(length(bytes)) FROM packs'),
    lists: sum("sum(length(bytes)) FROM bodies WHERE packing IN ('slices', 'events')"),
    marks: sum('sum(length(marks)) FROM bodies'),
    pieces: sum('count(*) * 22 FROM pieces'),
    words: sum('sum(length(block)) FROM call_text_data') + sum('count(*) * 60 FROM call_docs'),
  };
}

/** Milliseconds for each of the last calls, whose bytes have to be the same. */
function readBack(store: Store, calls: readonly EndedCall[]): number {
  const beganMs = performance.now();
  for (const call of calls) {
    for (const part of ['request', 'response'] as const) {
      const bytes = Buffer.concat(readBody(store, call.open.id, part).map((row) => unpackBody(row).bytes));
      if (!bytes.equals(Buffer.concat(call[part].chunks.map((chunk) => chunk.bytes))))
        throw new Error('not the same bytes');
    }
  }
  return (performance.now() - beganMs) / calls.length;
}
