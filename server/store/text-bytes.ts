/** Texts that a column of SQLite stores as fewer bytes, for a database that stores texts as they are. */
const texts = new WeakMap<Uint8Array, string>();

/** Notes what these bytes stand for, as long as they are there, and returns them. */
export function bytesOfText(text: string, bytes: Buffer): Buffer {
  texts.set(bytes, text);
  return bytes;
}

/** The text; undefined for bytes that stand for themselves. */
export function textOfBytes(bytes: Uint8Array): string | undefined {
  return texts.get(bytes);
}
