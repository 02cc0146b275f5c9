/**
 * The reading process: answers one question after the other and knows nothing else. It ends when its parent is gone; a question
 * that takes too long ends it from outside.
 */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { workInBackground } from '../background.ts';
import { createPricer, type Pricer } from '../pricing/engine.ts';
import { parsePriceFile } from '../pricing/price-file.ts';
import { openStore, type Store } from '../store/open.ts';
import { isSearchDamage, SearchDamaged } from '../store/search-damage.ts';
import { answer } from './answer.ts';
import { toFailure } from './failure.ts';
import { ready, type Answered, type Asked, type Setup } from './protocol.ts';

workInBackground();
let setup: Setup = { kind: 'setup', target: '', prices: null };
let pricer: Pricer | null = null;
let opened: { readonly store: Store; readonly file: string } | null = null;

/** Made when it is first needed: most questions are about what has a price already. */
function currentPricer(): Pricer {
  const { prices } = setup;
  pricer ??= createPricer(prices === null ? {} : { overrides: parsePriceFile(prices.text, prices.name) });
  return pricer;
}

/** The open store; opened when first needed, as the recorder may have yet to make it, and again when another file took its place. */
function currentStore(): Store {
  const { target } = setup;
  const file = filesIdentity(resolve(target));
  if (opened !== null && opened.file === file) return opened.store;
  opened?.store.close();
  opened = null;
  const store = openStore(target, 'read');
  // As it was before: what was replaced in this very moment is opened once more.
  opened = { store, file };
  return store;
}

/** The index of the log belongs to it: whoever holds another one than the recorder reads what is no longer true. */
function filesIdentity(path: string): string {
  return `${fileIdentity(path)} ${fileIdentity(`${path}-shm`)}`;
}

function fileIdentity(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat === undefined ? 'none' : `${stat.dev}:${stat.ino}`;
}

async function respond(asked: Asked): Promise<Answered> {
  try {
    const found = await answer(currentStore(), asked, currentPricer);
    return { id: asked.id, ok: true, answer: asked.isJson && found !== null ? jsonOf(found) : found };
  } catch (error) {
    const isIndex = opened !== null && isSearchDamage(opened.store, error);
    const thrown = isIndex ? new SearchDamaged(error instanceof Error ? error.message : '') : error;
    return { id: asked.id, ok: false, failure: toFailure(thrown) };
  }
}

function jsonOf(found: object): Uint8Array {
  return Buffer.from(JSON.stringify(found));
}

// A terminal's Ctrl-C reaches this process too, but running calls may still be looked at while the parent lets them end.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);

process.on('message', (message: Setup | Asked) => {
  if ('kind' in message) setup = message;
  else void respond(message).then(send);
});
process.on('disconnect', () => opened?.store.close());
process.send?.(ready);

function send(answered: Answered): void {
  // Nobody is left to be told that the parent is gone.
  const whenSent = (): void => undefined;
  try {
    process.send?.(answered, undefined, {}, whenSent);
  } catch (error) {
    // What was logged may nest deeper than can be copied to another process.
    process.send?.({ id: answered.id, ok: false, failure: toFailure(error) }, undefined, {}, whenSent);
  }
}
