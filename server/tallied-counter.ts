/** A counter that is handed on when it is asked for: prom-client sorts and joins the labels of every single count, six times for a call. */
import { Counter, type Registry } from 'prom-client';

export interface TalliedCounterOptions {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
  readonly registry: Registry;
}

export class TalliedCounter {
  readonly #counts = new Map<string, { readonly values: readonly string[]; count: number }>();

  constructor({ name, help, labelNames, registry }: TalliedCounterOptions) {
    const counts = this.#counts;
    const counter = new Counter({
      name,
      help,
      labelNames: [...labelNames],
      registers: [],
      collect() {
        for (const { values, count } of counts.values()) {
          this.inc(Object.fromEntries(labelNames.map((label, at) => [label, values[at] ?? ''])), count);
        }
        counts.clear();
      },
    });
    registry.registerMetric(counter);
  }

  /** `values`: of the labels, in their order. */
  add(values: readonly string[], count = 1): void {
    const key = values.join('\n');
    const known = this.#counts.get(key);
    if (known === undefined) this.#counts.set(key, { values, count });
    else known.count += count;
  }
}
