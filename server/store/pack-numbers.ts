/** The numbers of new packs: within a day each is used once, whoever writes. */
import { firstPackId, packOfId } from './days.ts';
import type { Store } from './open.ts';

export interface PackNumbers {
  next(day: number): number;
}

/** As `pack_blocks` counts them: a server is asked once for so many numbers. Some are never used; there are enough. */
const numbersOfBlock = 1024;

export function createPackNumbers({ engine, sqlite }: Store): PackNumbers {
  if (engine === 'postgres') {
    const nextBlock = sqlite.prepare("SELECT nextval('pack_blocks')").pluck();
    let [next, end] = [0, 0];
    return {
      next() {
        if (next === end) {
          next = Number(nextBlock.get()) * numbersOfBlock;
          end = next + numbersOfBlock;
        }
        return next++;
      },
    };
  }
  const lastPack = sqlite.prepare<[number], number | null>('SELECT max(id) FROM packs WHERE id < ?').pluck();
  return {
    next(day) {
      const last = lastPack.get(firstPackId(day + 1)) ?? null;
      return last === null || last < firstPackId(day) ? 1 : packOfId(last) + 1;
    },
  };
}
