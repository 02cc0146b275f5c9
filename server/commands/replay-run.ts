/** Sends the calls of an order, several at a time, within its cost; what was done before is left out. */
import { setTimeout } from 'node:timers/promises';
import { callDetailSchema, callsPageSchema } from '../api/schemas/call.ts';
import { replayPlanSchema, replaysPageSchema } from '../api/schemas/replay.ts';
import type { CallDetail, ReplayPlan, ReplayRow } from '../api/wire.ts';
import { HostRefused, type ReplayHost } from './replay-host.ts';
import type { ReplayOrder } from './replay-order.ts';
import type { Progress } from './progress.ts';

export interface Failure {
  /** The call that was to be sent again. */
  readonly id: string;
  readonly sentence: string;
  readonly kind: 'not_found' | 'unreachable' | 'other';
}

/** In nano-dollars, over all that can be sent; null where one of them has no price. */
export interface PlannedCost {
  readonly low: number | null;
  readonly high: number | null;
  readonly most: number | null;
}

/** A replay that would only be the same again: an answer, or the refusal that the call had before. */
export function isDone(row: ReplayRow): boolean {
  if (row.state === 'open') return true;
  if (row.state !== 'completed' || row.status === null) return false;
  if (row.status >= 200 && row.status < 300) return true;
  return row.status === row.original_status && row.status < 500 && ![408, 409, 429].includes(row.status);
}

/** Ids of the calls that the order means, oldest first. @throws HostRefused, NoAnswer */
export async function selectCalls({ selection }: ReplayOrder, host: ReplayHost): Promise<string[]> {
  if (selection.kind === 'ids') return [...selection.ids];
  const ids: string[] = [];
  let cursor: string | null = null;
  do {
    const from: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const page = await host.get(`calls?limit=500&${selection.query}${from}`, callsPageSchema);
    ids.push(...page.items.map(({ id }) => id));
    cursor = page.next_cursor;
  } while (cursor !== null);
  return ids.reverse();
}

/** All replays of the batch, the newest first. */
export async function readBatch(batch: string, host: ReplayHost) {
  const rows: ReplayRow[] = [];
  let page = await host.get(batchPath(batch), replaysPageSchema);
  const { totals } = page;
  rows.push(...page.items);
  while (page.next_cursor !== null) {
    page = await host.get(
      `${batchPath(batch)}&cursor=${encodeURIComponent(page.next_cursor)}`,
      replaysPageSchema,
    );
    rows.push(...page.items);
  }
  return { rows, totals };
}

function batchPath(batch: string): string {
  return `replays?limit=500&batch=${encodeURIComponent(batch)}`;
}

export class ReplayRun {
  readonly failures: Failure[] = [];
  sent = 0;
  /** Left because of the cost. */
  left = 0;
  readonly #order: ReplayOrder;
  readonly #host: ReplayHost;
  readonly #key: string | undefined;
  readonly #progress: Progress;
  readonly #times = new Map<string, number>();
  #spentNanoUsd = 0;

  /**
   * @param key of the environment of the command; null leaves it to the program
   * @param before replays of the batch that earlier runs have sent
   */
  constructor(
    order: ReplayOrder,
    host: ReplayHost,
    { key, before, progress }: { key: string | null; before: readonly ReplayRow[]; progress: Progress },
  ) {
    this.#order = order;
    this.#host = host;
    this.#key = key ?? undefined;
    this.#progress = progress;
    for (const { replay_of: of } of before) this.#times.set(of, this.#timesSent(of) + 1);
  }

  #timesSent(id: string): number {
    return this.#times.get(id) ?? 0;
  }

  /** What would be sent, call by call; what cannot be sent is a failure. @throws HostRefused for what is wrong with all of them */
  async plan(ids: readonly string[]): Promise<ReplayPlan[]> {
    const plans = new Map<string, ReplayPlan>();
    await this.#each(ids, 'looked at', async (id) => {
      const plan = await this.#host.post(
        `calls/${encodeURIComponent(id)}/replay/plan`,
        this.#request(),
        replayPlanSchema,
      );
      plans.set(id, plan);
      return null;
    });
    return ids.flatMap((id) => plans.get(id) ?? []);
  }

  async send(plans: readonly ReplayPlan[]): Promise<void> {
    const { maxCostNanoUsd } = this.#order;
    const byId = new Map(plans.map((plan) => [plan.id, plan]));
    await this.#each([...byId.keys()], 'sent', async (id) => {
      const expected = byId.get(id)?.high_nano_usd ?? 0;
      if (maxCostNanoUsd !== null && this.#spentNanoUsd + expected > maxCostNanoUsd) {
        this.left += 1;
        return null;
      }
      // Taken as spent while nobody knows better.
      this.#spentNanoUsd += expected;
      const { batch } = this.#order;
      // The same for two runs at the same time, and another one for each run after a failure.
      const once = `${batch}/${this.#timesSent(id) + 1}`;
      const body = { ...this.#request(), batch, idempotency_key: once, wait: false };
      const begun = await this.#host.post(`calls/${encodeURIComponent(id)}/replay`, body, callDetailSchema);
      this.sent += 1;
      const call = await this.#ended(begun);
      this.#spentNanoUsd += (call.cost_nano_usd ?? expected) - expected;
      return failureOf(id, call);
    });
  }

  #request(): object {
    return { ...this.#order.request, ...(this.#key !== undefined && { key: this.#key }) };
  }

  async #ended(begun: CallDetail): Promise<CallDetail> {
    let call = begun;
    for (let looks = 0; call.state === 'open'; looks += 1) {
      await setTimeout(Math.min(50 * (looks + 1), 1000));
      call = await this.#host.get(`calls/${call.id}`, callDetailSchema);
    }
    return call;
  }

  async #each(
    ids: readonly string[],
    done: string,
    act: (id: string) => Promise<Failure | null>,
  ): Promise<void> {
    let finished = 0;
    const waiting = [...ids];
    const work = async (): Promise<void> => {
      for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) {
        const failure = await act(id).catch((error: unknown) => refusalOf(id ?? '', error));
        if (failure !== null) this.failures.push(failure);
        finished += 1;
        this.#progress.update(finished / ids.length, `${finished} of ${ids.length} calls ${done}`);
      }
    };
    await Promise.all(Array.from({ length: Math.min(this.#order.concurrency, ids.length) }, work));
  }
}

/** What is wrong with one call; rethrows what is wrong with all of them. */
function refusalOf(id: string, error: unknown): Failure {
  if (!(error instanceof HostRefused) || !['not_found', 'conflict'].includes(error.code)) throw error;
  return { id, sentence: error.message, kind: error.code === 'not_found' ? 'not_found' : 'other' };
}

const unreachable: ReadonlySet<string | null> = new Set(['connect_refused', 'connect_timeout', 'dns', 'tls']);

function failureOf(id: string, call: CallDetail): Failure | null {
  if (call.state !== 'completed') {
    const kind = unreachable.has(call.error_kind) ? 'unreachable' : 'other';
    const where =
      kind === 'unreachable'
        ? `${call.upstream ?? 'The upstream'} cannot be reached`
        : `The answer did not arrive whole`;
    return {
      id,
      sentence: `${id}: ${where} (${call.error_kind ?? call.state}); it is recorded as ${call.id}.`,
      kind,
    };
  }
  const status = call.status ?? 0;
  if (status >= 200 && status < 300) return null;
  const redirect = status >= 300 && status < 400 ? ', and redirects are not followed' : '';
  return {
    id,
    sentence: `${id}: the upstream answered with status ${status}${redirect}; see ${call.id}.`,
    kind: 'other',
  };
}

export function plannedCost(plans: readonly ReplayPlan[]): PlannedCost {
  const sum = (name: 'low_nano_usd' | 'high_nano_usd' | 'most_nano_usd'): number | null =>
    plans.reduce<number | null>((total, plan) => {
      const one = plan[name];
      return total === null || one === null ? null : total + one;
    }, 0);
  return { low: sum('low_nano_usd'), high: sum('high_nano_usd'), most: sum('most_nano_usd') };
}
