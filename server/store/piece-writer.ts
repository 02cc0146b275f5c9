/** Puts bodies into packs: what the day has already seen is named, what is new is packed together. */
import { hash } from 'node:crypto';
import { keepFromBeingAlone, removing } from './alone.ts';
import { unpackBytes, type PackedBody } from './bodies.ts';
import { CallPacks } from './call-packs.ts';
import { minPieceBytes, piecesOf, stretchesOf, type Stretch } from './cut.ts';
import { packId, packOfId, pieceKey, utcDay } from './days.ts';
import { splitEvents } from './event-text.ts';
import type { Store } from './open.ts';
import { createPackNumbers, type PackNumbers } from './pack-numbers.ts';
import { createPackAdder } from './pack-rows.ts';
import { createPackReader, isBase, packColumns, type Base } from './packs.ts';
import { KnownSlices } from './known-slices.ts';
import { createPieceIndex, type PieceIndex } from './piece-index.ts';
import { digestOf } from './piece-reader.ts';
import { RecentPieces } from './recent-pieces.ts';
import { isStoreRefusal } from './refusal.ts';
import { createRemovalWatch } from './removed-packs.ts';
import { joinSlices, placeList, type Slice } from './slices.ts';
import type { BodyRow } from './tables.ts';

/** A body, and its digest where that is known already. */
export type DigestibleBody = PackedBody & { readonly digest?: Buffer | null };
export type SlicedBody<Body> = Body & Pick<BodyRow, 'packing' | 'bytes' | 'digest'>;

export interface StoredCall {
  readonly id: string;
  /** Pieces are shared within its UTC day. */
  readonly startedMs: number;
  /** Nothing more of it will come. */
  readonly hasEnded: boolean;
}

export interface PieceWriter {
  /**
   * Stores bodies of one call, in order, and returns them as slices; what is new in all of them becomes one pack, which rests on that of
   * what was stored of the call before.
   */
  store<Body extends DigestibleBody>(call: StoredCall, bodies: readonly Body[]): SlicedBody<Body>[];
  /** To be called last in each transaction. */
  settle(): void;
  /** To be called when something that was stored was rolled back or removed. */
  forget(): void;
}

/** Above this a pack is closed: whoever reads one slice unpacks all of it. */
const packBytes = 4 * 1024 * 1024;

export function createPieceWriter(store: Store): PieceWriter {
  const memory = {
    addPack: createPackAdder(store),
    packs: createPackReader(store),
    recent: new RecentPieces(),
    known: new KnownSlices(),
    calls: new CallPacks(),
    numbers: createPackNumbers(store),
    index: createPieceIndex(store),
    isFar: store.engine === 'postgres',
  };
  const haveGone = createRemovalWatch(store);
  const forgetPlaces = (): void => {
    memory.packs.forget();
    memory.recent.forget();
    memory.known.forget();
    memory.calls.forget();
  };
  const forget = (): void => {
    forgetPlaces();
    memory.index.forget();
  };

  function storeBodies<Body extends DigestibleBody>(call: StoredCall, bodies: readonly Body[]) {
    const { startedMs } = call;
    if (mayBeRemoved(startedMs)) {
      keepFromBeingAlone(store, removing);
      if (haveGone()) forgetPlaces();
    }
    const day = utcDay(startedMs);
    const packer = new Packer(day, memory, memory.calls.takeRequest(call.id));
    const stored = bodies.map((body) => {
      const bytes = unpackBytes(body);
      const events = splitEvents(bytes);
      const slices = events === null ? packer.addBody(bytes) : [packer.addOnce(events)];
      const digest = body.digest ?? digestOf(bytes);
      const packing = events === null ? 'slices' : 'events';
      const list = placeList(day, slices, (whole) => packer.append(whole));
      return { ...body, packing, bytes: list, digest };
    });
    packer.close();
    if (!call.hasEnded) packer.noteRequest(call.id);
    return stored;
  }

  return {
    store(call, bodies) {
      try {
        // A piece without its pack would spoil later bodies. A transaction within another one makes the search index write out what it holds.
        const { inTransaction } = store.sqlite;
        return inTransaction
          ? storeBodies(call, bodies)
          : store.sqlite.transaction(() => storeBodies(call, bodies))();
      } catch (error) {
        forget();
        throw error;
      }
    },
    settle: () => memory.index.settle(),
    forget,
  };
}

interface Memory {
  readonly addPack: ReturnType<typeof createPackAdder>;
  readonly packs: ReturnType<typeof createPackReader>;
  readonly recent: RecentPieces;
  readonly known: KnownSlices;
  readonly calls: CallPacks;
  readonly numbers: PackNumbers;
  readonly index: PieceIndex;
  readonly isFar: boolean;
}

/** The pack that a call's new pieces go into. */
class Packer {
  readonly #day: number;
  readonly #memory: Memory;
  #pack: number | null = null;
  /** By their offsets, which ascend. */
  #pieces = new Map<number, Buffer>();
  #bytes = 0;
  /** The latest pack that something of this call was found in: in a conversation that of the turn before. */
  #lastFound: number | null = null;
  /** Id of the pack that was made last. */
  #closed: number | null = null;
  /** Id of the pack of the same call's request, where that was stored before. */
  readonly #requestPack: number | null;

  constructor(day: number, memory: Memory, requestPack: number | null) {
    this.#day = day;
    this.#memory = memory;
    this.#requestPack = requestPack;
    if (requestPack !== null) this.#lastFound = packOfId(requestPack);
  }

  addBody(bytes: Buffer): Slice[] {
    const { known } = this.#memory;
    const stretches = stretchesOf(bytes);
    const places = stretches.map((stretch) => known.find(this.#day, stretch));
    const unknown = stretches.map((stretch, at) => (places[at] === null ? piecesOf(bytes, stretch) : []));
    this.#expect(unknown);
    const slices: Slice[] = [];
    for (const [at, stretch] of stretches.entries()) {
      const place = places[at] ?? null;
      for (const slice of place ?? this.#addStretch(stretch, unknown[at] ?? []))
        slices.push(place === null ? slice : this.#found(slice));
    }
    return joinSlices(slices);
  }

  #addStretch(stretch: Stretch, pieces: readonly Buffer[]): Slice[] {
    const slices: Slice[] = [];
    for (const piece of pieces) {
      const slice = this.#add(piece);
      // Behind what is new it costs less to repeat than to name.
      const isRepeated = piece.byteLength < minPieceBytes && slices.at(-1)?.pack === this.#pack;
      slices.push(isRepeated && slice.pack !== this.#pack ? this.append(piece) : slice);
    }
    const joined = joinSlices(slices);
    this.#memory.known.add(this.#day, stretch, joined);
    return joined;
  }

  /** What comes again only when it is told again, as an answer does: not worth a row in the index. */
  addOnce(bytes: Buffer): Slice {
    return this.#known(bytes) ?? this.#remember(bytes, this.append(bytes));
  }

  #add(piece: Buffer): Slice {
    return this.#known(piece) ?? this.#remember(piece, this.#findOrAdd(piece));
  }

  /** Bytes that nobody will look for. */
  append(bytes: Buffer): Slice {
    if (this.#bytes > 0 && this.#bytes + bytes.byteLength > packBytes) this.close();
    this.#pack ??= this.#memory.numbers.next(this.#day);
    const slice = { pack: this.#pack, offset: this.#bytes, length: bytes.byteLength };
    this.#pieces.set(slice.offset, bytes);
    this.#bytes += bytes.byteLength;
    return slice;
  }

  close(): void {
    if (this.#pack === null) return;
    const { packs, addPack, calls } = this.#memory;
    const raw = Buffer.concat([...this.#pieces.values()]);
    const columns = packColumns(raw, this.#base());
    const id = packId(this.#day, this.#pack);
    addPack({ id, ...columns });
    packs.keep(id, { raw, depth: columns.depth, base: columns.base });
    if (this.#requestPack !== null) calls.noteAnswer(this.#requestPack, id);
    this.#closed = id;
    this.#pack = null;
    this.#pieces = new Map();
    this.#bytes = 0;
  }

  #base(): Base | null {
    const { packs, calls } = this.#memory;
    if (this.#lastFound === null) return null;
    const number = packOfId(calls.latest(packId(this.#day, this.#lastFound)));
    const pack = packs.read(this.#day, number);
    if (!isBase(pack)) return null;
    return { number, depth: pack.depth, dictionary: packs.dictionaryOf(this.#day, pack) };
  }

  /** To be called when all that is known of the call was added: its answer comes later. */
  noteRequest(callId: string): void {
    const found = this.#lastFound === null ? null : packId(this.#day, this.#lastFound);
    const latest = this.#closed ?? found;
    if (latest !== null) this.#memory.calls.noteRequest(callId, latest);
  }

  /** Only worth its hashing where the index is far away. */
  #expect(pieces: readonly (readonly Buffer[])[]): void {
    const { index, recent, isFar } = this.#memory;
    if (!isFar) return;
    const unknown = pieces.flat().filter((piece) => recent.find(this.#day, piece) === null);
    index.expect(unknown.map((piece) => pieceKey(this.#day, hash('sha256', piece, 'buffer'))));
  }

  #known(piece: Buffer): Slice | null {
    const known = this.#memory.recent.find(this.#day, piece);
    return known === null ? null : this.#found(known);
  }

  #remember(piece: Buffer, slice: Slice): Slice {
    this.#memory.recent.add(this.#day, piece, slice);
    return slice;
  }

  #found(slice: Slice): Slice {
    if (slice.pack !== this.#pack) this.#lastFound = Math.max(slice.pack, this.#lastFound ?? 0);
    return slice;
  }

  #findOrAdd(piece: Buffer): Slice {
    const { index } = this.#memory;
    const key = pieceKey(this.#day, hash('sha256', piece, 'buffer'));
    const found = index.find(key);
    if (found !== undefined && this.#bytesAt(found)?.equals(piece) === true) {
      return this.#found({ pack: found.pack, offset: found.offset, length: found.length });
    }
    const slice = this.append(piece);
    // The rare piece that shares its key with another one is stored each time.
    if (found === undefined) index.add({ key, ...slice });
    return slice;
  }

  /** Null where a pack is damaged: what would have been found there is stored anew. */
  #bytesAt({ pack, offset, length }: Slice): Buffer | null {
    if (pack === this.#pack) return this.#pieces.get(offset)?.subarray(0, length) ?? null;
    try {
      return this.#memory.packs.read(this.#day, pack).raw.subarray(offset, offset + length);
    } catch (error) {
      if (isStoreRefusal(error)) throw error;
      return null;
    }
  }
}

/** Retention leaves today alone, whose clock may be another one's. */
function mayBeRemoved(startedMs: number): boolean {
  const clocksApartMs = 3_600_000;
  return utcDay(startedMs) < utcDay(Date.now() + clocksApartMs);
}
