/** How many calls have which value, added up from rollups and rows. Pure. */

type Value = string | null;

export class FacetCounts {
  readonly #counts = new Map<string, Map<Value, number>>();

  add(facet: string, value: Value, count: number): void {
    if (count <= 0) return;
    const of = this.#counts.get(facet) ?? new Map<Value, number>();
    this.#counts.set(facet, of);
    of.set(value, (of.get(value) ?? 0) + count);
  }

  /** The most frequent first, then what is not known, then by their bytes. */
  top(facet: string, most: number): { value: Value; count: number }[] {
    return [...(this.#counts.get(facet) ?? [])]
      .map(([value, count]) => ({ value, count }))
      .sort((a, b) => b.count - a.count || compare(a.value, b.value))
      .slice(0, most);
  }
}

function compare(a: Value, b: Value): number {
  if (a === null || b === null) return Number(b === null) - Number(a === null);
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
