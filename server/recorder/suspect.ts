/**
 * Which record is in hand, noted in a file: one of which the whole process dies is known by that afterwards, and a start does not end
 * like the one before for ever. The note survives a process, not a machine, whose end says nothing against a record.
 */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isFileError } from './file-error.ts';
import { readIfThere } from './segment-files.ts';

/** After so many deaths nobody looks into a record any more. */
export const deathsUntilBlind = 3;

interface Note {
  readonly place: string;
  /** How many processes, or threads, had it in hand when they ended, with the one that writes this. */
  readonly deaths: number;
}

export class Suspect {
  readonly #path: string;
  /** What was in hand when the process before ended; null once it is done. */
  #sought: Note | null;
  #place: string | null = null;

  /** @param dir where the note lies @param name of its file */
  constructor(dir: string, name: string) {
    this.#path = join(dir, name);
    this.#sought = parseNote(readIfThere(this.#path).toString());
  }

  /** There is one that is not done yet: until then each record is to be done by itself, so that it is the right one that is noted. */
  get isSought(): boolean {
    return this.#sought !== null;
  }

  /** Takes a record in hand. @returns how many have died of it, as far as that is known */
  take(place: string): number {
    const deaths = this.#sought?.place === place ? this.#sought.deaths : 0;
    this.#place = place;
    try {
      writeFileSync(this.#path, formatNote({ place, deaths: deaths + 1 }), { mode: 0o600 });
    } catch (error) {
      // Without room for a note it is done without one.
      if (!isFileError(error)) throw error;
    }
    return deaths;
  }

  /** Lays it back. */
  leave(): void {
    if (this.#place !== null) rmSync(this.#path, { force: true });
    this.#place = null;
  }

  /** It is done, with all that was taken before it. */
  done(): void {
    if (this.#place === this.#sought?.place) this.#sought = null;
    this.leave();
  }

  /** All of what it could be among is gone. */
  forget(): void {
    this.#sought = null;
    this.#place = null;
    rmSync(this.#path, { force: true });
  }
}

function formatNote({ place, deaths }: Note): string {
  return `${deaths} ${place}\n`;
}

/** Null for a note that its process did not come to write whole. */
function parseNote(text: string): Note | null {
  const [, deaths, place] = /^(\d+) (.+)\n$/.exec(text) ?? [];
  return place === undefined ? null : { place, deaths: Number(deaths) };
}
