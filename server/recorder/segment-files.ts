/**
 * Records in files of a bounded size, appended and synced in groups, read from the oldest on and then deleted. A record is
 * `length | crc32 | payload`, little-endian.
 */
import {
  closeSync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writevSync,
} from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { isFileError } from './file-error.ts';

const recordHeadBytes = 8;
const segmentBytes = 16 * 1024 * 1024;
/** Of one system call. */
const mostBuffers = 1000;

interface Segment {
  readonly path: string;
  bytes: number;
}

export class SegmentFiles {
  readonly #dir: string;
  readonly #suffix: string;
  readonly #segments: Segment[];
  #fd: number | null = null;
  #lastNumber: number;

  /** The directory is made with the first record. @param suffix of the files' names: `.spill` */
  constructor(dir: string, suffix: string) {
    this.#dir = dir;
    this.#suffix = suffix;
    this.#segments = segmentsIn(dir, suffix);
    this.#lastNumber = Number(/(\d+)\.[a-z]+$/.exec(this.#segments.at(-1)?.path ?? '')?.[1] ?? 0);
  }

  /** Bytes in all files. */
  get bytes(): number {
    return this.#segments.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  get isEmpty(): boolean {
    return this.#segments.length === 0;
  }

  /** Oldest first. */
  get paths(): string[] {
    return this.#segments.map(({ path }) => path);
  }

  /** On disk when it returns. Throws what the file system throws (`ENOSPC`, `EIO`, …); then nothing of it is kept. */
  append(records: readonly Uint8Array[]): void {
    const bytes = records.reduce((sum, each) => sum + each.byteLength, 0);
    const { fd, segment } = this.#segmentFor(bytes);
    try {
      writeAll(fd, records);
      fdatasyncSync(fd);
      if (fstatSync(fd).nlink === 0)
        throw Object.assign(new Error('the spill was deleted'), { code: 'ENOENT', syscall: 'write' });
      segment.bytes += bytes;
    } catch (error) {
      this.#takeBack(fd, segment);
      throw error;
    }
  }

  /** The oldest file as it is; nothing is appended to it any more. Nothing in it when somebody has deleted it. */
  readOldest(): Buffer {
    const [oldest] = this.#segments;
    if (oldest === undefined) return Buffer.alloc(0);
    if (this.#segments.length === 1) this.close();
    return readIfThere(oldest.path);
  }

  /** Nothing but `bytes` is needed of the oldest file any more. Throws what the file system throws; then it is as it was. */
  shortenOldest(bytes: Uint8Array): void {
    const [oldest] = this.#segments;
    if (oldest === undefined) return;
    const path = `${oldest.path}.new`;
    writeFileSync(path, bytes, { mode: 0o600, flush: true });
    renameSync(path, oldest.path);
    oldest.bytes = bytes.byteLength;
  }

  removeOldest(): void {
    const [oldest] = this.#segments;
    if (oldest === undefined) return;
    if (this.#segments.length === 1) this.close();
    rmSync(oldest.path, { force: true });
    this.#segments.shift();
  }

  /** Keeps what nobody can do anything with; returns where. */
  setAside(bytes: Uint8Array): string {
    mkdirSync(this.#dir, { recursive: true, mode: 0o700 });
    const path = join(this.#dir, `${process.hrtime.bigint()}.unreadable`);
    writeFileSync(path, bytes, { mode: 0o600 });
    return path;
  }

  close(): void {
    this.#closeCurrent();
  }

  #segmentFor(bytes: number): { fd: number; segment: Segment } {
    const current = this.#segments.at(-1);
    if (this.#fd !== null && current !== undefined) {
      if (current.bytes + bytes <= segmentBytes) return { fd: this.#fd, segment: current };
      this.#closeCurrent();
    }
    mkdirSync(this.#dir, { recursive: true, mode: 0o700 });
    const path = join(this.#dir, `${String(++this.#lastNumber).padStart(8, '0')}${this.#suffix}`);
    const fd = openSync(path, 'ax', 0o600);
    const segment = { path, bytes: 0 };
    this.#fd = fd;
    this.#segments.push(segment);
    syncFolder(this.#dir);
    return { fd, segment };
  }

  /** Half a group behind the last whole one would be read as damage, or as records that were counted as lost. */
  #takeBack(fd: number, segment: Segment): void {
    this.#closeCurrent(() => ftruncateSync(fd, segment.bytes));
    if (segment.bytes > 0) return;
    rmSync(segment.path, { force: true });
    this.#segments.splice(this.#segments.indexOf(segment), 1);
  }

  #closeCurrent(before: () => void = () => undefined): void {
    const fd = this.#fd;
    if (fd === null) return;
    this.#fd = null;
    try {
      before();
    } finally {
      closeSync(fd);
    }
  }
}

/** A record around its payload, whose parts stay where they lie. */
export function recordOf(payload: readonly Uint8Array[]): Uint8Array[] {
  const head = Buffer.allocUnsafe(recordHeadBytes);
  let [bytes, sum] = [0, 0];
  for (const part of payload) {
    bytes += part.byteLength;
    sum = crc32(part, sum);
  }
  head.writeUInt32LE(bytes, 0);
  head.writeUInt32LE(sum, 4);
  return [head, ...payload];
}

/** The payload at an offset and where the next record begins; null when there is no whole record. */
export function recordAt(
  bytes: Buffer,
  at: number,
): { readonly payload: Buffer; readonly end: number } | null {
  if (at + recordHeadBytes > bytes.byteLength) return null;
  const end = at + recordHeadBytes + bytes.readUInt32LE(at);
  if (end > bytes.byteLength) return null;
  const payload = bytes.subarray(at + recordHeadBytes, end);
  return crc32(payload) === bytes.readUInt32LE(at + 4) ? { payload, end } : null;
}

function segmentsIn(dir: string, suffix: string): Segment[] {
  try {
    const names = readdirSync(dir).filter((name) => name.endsWith(suffix));
    return names.sort().map((name) => ({ path: join(dir, name), bytes: statSync(join(dir, name)).size }));
  } catch (error) {
    if (isFileError(error) && error.code === 'ENOENT') return [];
    throw error;
  }
}

/** Somebody who deletes what waits here gets what he wants. */
export function readIfThere(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    if (isFileError(error) && error.code === 'ENOENT') return Buffer.alloc(0);
    throw error;
  }
}

/** A new file's name is part of what must survive a power cut. */
function syncFolder(dir: string): void {
  const fd = openSync(dir, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function writeAll(fd: number, records: readonly Uint8Array[]): void {
  for (let at = 0; at < records.length; at += mostBuffers) {
    let left = records.slice(at, at + mostBuffers);
    while (left.length > 0) left = beyond(left, writevSync(fd, left));
  }
}

/** What is left of `buffers` after their first bytes. */
function beyond(buffers: readonly Uint8Array[], written: number): Uint8Array[] {
  let rest = written;
  const left: Uint8Array[] = [];
  for (const buffer of buffers) {
    if (rest < buffer.byteLength) left.push(buffer.subarray(rest));
    rest = Math.max(0, rest - buffer.byteLength);
  }
  return left;
}
