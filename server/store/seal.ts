/** What seals the chain of one installation. Pure, and apart from what an entry says: who only makes a seal needs no tables. */
import { createHmac, hash } from 'node:crypto';
import type { ChainWriterRow } from './tables.ts';

/** What makes one installation's seals, and the name that its chain has. */
export interface Seal {
  readonly writer: string;
  /** The two blocks of HMAC-SHA256 (RFC 2104), made once: hashing out of them costs a quarter of `createHmac`. */
  readonly inner: Uint8Array;
  readonly outer: Uint8Array;
}

/** @param secret of the installation */
export function createSeal(secret: Uint8Array): Seal {
  const derive = (purpose: string): Buffer => createHmac('sha256', secret).update(purpose).digest();
  const key = derive('weir chain seal');
  const block = (pad: number): Uint8Array => Buffer.alloc(64, pad).map((byte, at) => byte ^ (key[at] ?? 0));
  return {
    writer: `w_${derive('weir chain writer').toString('hex').slice(0, 16)}`,
    inner: block(0x36),
    outer: block(0x5c),
  };
}

/** HMAC-SHA256 that only somebody with the secret can have made for this head. */
export function sealHead(
  { inner, outer }: Seal,
  { name, last, link }: Pick<ChainWriterRow, 'name' | 'last' | 'link'>,
): Buffer {
  const said = hash('sha256', Buffer.concat([inner, Buffer.from(`${name} ${last} `), link]), 'buffer');
  return hash('sha256', Buffer.concat([outer, said]), 'buffer');
}

/** What a store has for a writer without a secret. */
export const unsealedName = 'unsealed';
