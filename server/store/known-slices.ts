/** Where elements of requests lie that were stored lately: as long as they are known, nothing of them is looked at again. */
import type { KnownElement } from '../messages/known-json.ts';
import type { Stretch } from './cut.ts';
import type { Slice } from './slices.ts';

type OfElements = WeakMap<KnownElement, readonly Slice[]>;

export class KnownSlices {
  #day = -1;
  #alone: OfElements = new WeakMap();
  #behindComma: OfElements = new WeakMap();

  /** Null where the day is not known to have them. */
  find(day: number, stretch: Stretch): readonly Slice[] | null {
    if (stretch.element === null || day !== this.#day) return null;
    return this.#of(stretch, stretch.element).get(stretch.element) ?? null;
  }

  add(day: number, stretch: Stretch, slices: readonly Slice[]): void {
    if (stretch.element === null) return;
    if (day !== this.#day) this.forget();
    this.#day = day;
    this.#of(stretch, stretch.element).set(stretch.element, slices);
  }

  /** To be called when what was added may not be in the store. */
  forget(): void {
    this.#alone = new WeakMap();
    this.#behindComma = new WeakMap();
  }

  #of({ start, end }: Stretch, { bytes }: KnownElement): OfElements {
    return end - start === bytes.byteLength ? this.#alone : this.#behindComma;
  }
}
