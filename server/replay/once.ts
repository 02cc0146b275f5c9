/** What makes a repeated request harmless: who gives the same key for the same call gets what the first one got. */
import { createHash } from 'node:crypto';
import type { ReplayRequest } from '../api/wire.ts';
import { ReplayRefused } from './refused.ts';

/** A call on its way. */
export interface Begun {
  readonly id: string;
  /** Resolves when its answer is over. */
  readonly over: Promise<void>;
}

interface Known {
  readonly asked: string;
  readonly begun: Promise<Begun>;
}

/** Keys of this many requests are held; older ones are found in the record. */
const mostKnown = 1000;

export class Once {
  readonly #known = new Map<string, Known>();
  readonly #find: (of: string, key: string) => Promise<string | null>;

  /** @param find the id of a recorded replay with this key */
  constructor(find: (of: string, key: string) => Promise<string | null>) {
    this.#find = find;
  }

  /** Without a key it is done each time. @throws ReplayRefused where the key was given for something else */
  async run(
    of: string,
    request: ReplayRequest,
    begin: () => Promise<Begun>,
  ): Promise<{ begun: Begun; isRepeated: boolean }> {
    const key = request.idempotency_key;
    if (key === undefined) return { begun: await begin(), isRepeated: false };
    const scope = `${of} ${key}`;
    const asked = digest(request);
    const known = this.#known.get(scope);
    if (known !== undefined) {
      if (known.asked !== asked) {
        throw new ReplayRefused('conflict', 'This idempotency key was given before, for another request.');
      }
      return { begun: await known.begun, isRepeated: true };
    }
    const found = Promise.withResolvers<string | null>();
    const begun = found.promise.then((id) => (id === null ? begin() : { id, over: Promise.resolve() }));
    this.#remember(scope, { asked, begun });
    this.#find(of, key).then(found.resolve, found.reject);
    try {
      return { begun: await begun, isRepeated: (await found.promise) !== null };
    } catch (error) {
      // Nothing was sent: the same key may try again.
      this.#known.delete(scope);
      throw error;
    }
  }

  #remember(scope: string, known: Known): void {
    const [oldest] = this.#known.keys();
    if (this.#known.size >= mostKnown && oldest !== undefined) this.#known.delete(oldest);
    this.#known.set(scope, known);
  }
}

/** What was asked for, but not how long to wait for it; a hash, because a key may be part of it. */
function digest({ wait: _wait, ...request }: ReplayRequest): string {
  return createHash('sha256').update(JSON.stringify(request)).digest('base64');
}
