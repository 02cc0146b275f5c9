/**
 * A copy with memory of its own, for bytes that are kept. A small Buffer lies in a pool of 64 kB with others that are long forgotten, and
 * keeps all of it alive: 1400 packs of a kilobyte held 94 MB.
 */
export function ownBytes(bytes: Uint8Array): Buffer {
  const own = Buffer.allocUnsafeSlow(bytes.byteLength);
  own.set(bytes);
  return own;
}
