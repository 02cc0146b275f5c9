/** SQLite's numbers of several bytes, one after the other; the highest seven bits come first. */
export class Varints {
  at: number;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes;
    this.at = at;
  }

  /** 0 beyond the end. */
  next(): number {
    let value = 0;
    for (;;) {
      const byte = this.#bytes[this.at] ?? 0;
      this.at += 1;
      value = value * 128 + (byte & 127);
      if (byte < 128) return value;
    }
  }
}
