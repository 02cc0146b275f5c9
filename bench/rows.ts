/** Many calls with their rollups and words, through the store's own tables: what a store holds after months, in minutes. On either engine. */
import { sql } from 'drizzle-orm';
import { latencies, measures } from '../server/store/measures.ts';
import type { Store } from '../server/store/open.ts';
import { hourMs, rollupId, scopes, type Scope } from '../server/store/rollup-keys.ts';
import type { Writer } from '../server/store/write.ts';

const models = ['claude-opus-5-5', 'claude-sonnet-5-5', 'claude-haiku-5-5'];
const stops = ['tool_use', 'end_turn', 'tool_use', 'max_tokens'];
const dayMs = 24 * hourMs;
/** Of words a server takes no more in the time that a transaction has. */
const perTransaction = 2000;

export interface RowsPlan {
  readonly calls: number;
  readonly days: number;
  readonly endMs: number;
}

/** The time of a call, spread evenly. */
export function startOf({ calls, days, endMs }: RowsPlan, number: number): number {
  return Math.floor(endMs - days * dayMs + (number * days * dayMs) / calls);
}

export function idOf(plan: RowsPlan, number: number): string {
  return `0199${startOf(plan, number).toString(16).padStart(12, '0')}-${String(number).padStart(12, '0')}`;
}

/** Columns of a call; a mix that is the same each time, without steps that fall together. */
function rowOf(plan: RowsPlan, number: number) {
  const mixed = (factor: number): number => (number * factor) % 1_000_003;
  const pick = <Value>(values: readonly Value[], factor: number): Value | null =>
    values[mixed(factor) % values.length] ?? null;
  const cost = mixed(29) * 100;
  const input = Math.floor(cost / 10);
  return {
    id: idOf(plan, number),
    state: 'completed',
    method: 'POST',
    path: '/v1/messages',
    status: mixed(31) % 10 === 9 ? 429 : 200,
    started_ms: startOf(plan, number),
    ended_ms: startOf(plan, number) + 9000,
    ttfb_us: 300_000 + mixed(7),
    ttft_us: 400_000 + mixed(7),
    duration_us: 1_000_000 + 9 * mixed(13),
    stream: 1,
    requested_model: pick(models, 3),
    model: pick(models, 3),
    stop_reason: pick(stops, 17),
    input_tokens: mixed(5) % 2000,
    output_tokens: mixed(11) % 3000,
    cache_read_tokens: mixed(19) % 100_000,
    cache_write_5m_tokens: mixed(23) % 3000,
    usage_complete: 1,
    cost_nano_usd: cost,
    cost_source: 'computed',
    computed_cost_nano_usd: cost,
    cost_input_nano_usd: input,
    cost_output_nano_usd: 4 * input,
    cost_cache_read_nano_usd: cost - 5 * input,
    user_id: `user-${mixed(37) % 40}`,
    team: pick(['research', 'product'], 41),
    session_id: `session-${Math.floor(number / 60)}`,
    key_id: `k_${mixed(37) % 40}`,
    client: 'claude-cli/2.1.219',
    upstream: 'https://api.anthropic.com',
    request_bytes: 270_000,
    response_bytes: 18_000,
    bodies: 'metadata',
    demo: 0,
  };
}

export function fillRows({ sqlite }: Store, plan: RowsPlan): void {
  const names = Object.keys(rowOf(plan, 0));
  const add = sqlite.prepare(
    `INSERT INTO calls (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`,
  );
  inParts(plan.calls, (from, to) => {
    sqlite.transaction(() => {
      for (let number = from; number < to; number += 1) add.run(...Object.values(rowOf(plan, number)));
    })();
  });
}

/** What recording would have kept by the hour. A day at a time: a server ends what takes longer than it may. */
export function fillRollups(store: Store): void {
  const ends = store.db.get<{ first: number; last: number }>(
    sql`SELECT min(calls.started_ms) AS first, max(calls.started_ms) AS last FROM calls`,
  );
  for (const scope of scopes) {
    const fillDay = dayFiller(store, scope);
    for (let ms = floorToDay(ends.first); ms <= ends.last; ms += dayMs) {
      store.sqlite.transaction(() => fillDay(ms))();
    }
  }
}

function floorToDay(ms: number): number {
  return Math.floor(ms / dayMs) * dayMs;
}

type Group = Readonly<Record<string, string | number | null>> & { readonly hour: number };

function dayFiller({ db, sqlite }: Store, scope: Scope): (fromMs: number) => void {
  const columns = scope.columns.map((column) => sql.identifier(column));
  const hour = sql`calls.started_ms / ${sql.raw(String(hourMs))}`;
  const list = sql.join(columns, sql`, `);
  const sums = sql.join(
    Object.entries(measures).map(([name, value]) => sql`, sum(${value}) AS ${sql.identifier(name)}`),
  );
  const names = Object.keys(measures);
  const addRow = sqlite.prepare(
    `INSERT INTO rollups (id, key, hour_ms, ${names.join(', ')}) VALUES (?, ?, ?${', ?'.repeat(names.length)})`,
  );
  const keys = new Map<string, number>();
  const keyOf = (row: Group): number => {
    const text = JSON.stringify([scope.name, ...scope.columns.map((column) => row[column] ?? null)]);
    const known = keys.get(text);
    if (known !== undefined) return known;
    const added = sqlite.prepare(
      `INSERT INTO rollup_keys (text, ${scope.columns.join(', ')}) VALUES (?${', ?'.repeat(scope.columns.length)}) RETURNING id`,
    );
    const key = Number(added.pluck().get(text, ...scope.columns.map((column) => row[column] ?? null)));
    keys.set(text, key);
    return key;
  };
  const addBucket = sqlite.prepare('INSERT INTO rollup_latencies (rollup, bucket, calls) VALUES (?, ?, ?)');
  return (fromMs) => {
    const ofDay = sql`FROM calls WHERE calls.started_ms >= ${fromMs} AND calls.started_ms < ${fromMs + dayMs}`;
    for (const row of db.all<Group>(
      sql`SELECT ${hour} AS hour, ${list} ${sums} ${ofDay} GROUP BY ${hour}, ${list}`,
    )) {
      const key = keyOf(row);
      addRow.run(
        rollupId(scope, row.hour, key),
        key,
        row.hour * hourMs,
        ...names.map((name) => Number(row[name])),
      );
    }
    if (!scope.hasLatencies) return;
    for (const [kind, column] of latencies.entries()) {
      const us = sql`calls.${sql.identifier(column)}`;
      const bucket = sql`CAST(${sql.raw(String(kind * 1000 + 1))} + floor(ln(${us}) / ln(1.1)) AS INTEGER)`;
      for (const row of db.all<Group>(
        sql`SELECT ${hour} AS hour, ${list}, ${bucket} AS bucket, count(*) AS count ${ofDay} AND ${us} > 0 GROUP BY ${hour}, ${list}, ${bucket}`,
      )) {
        addBucket.run(rollupId(scope, row.hour, keyOf(row)), Number(row['bucket']), Number(row['count']));
      }
    }
  };
}

const wordsOfCall = 40;
const vocabulary = 30_000;

/** Words for each call, some of them in nearly all, most of them in few; `needle` in every fifty-thousandth. */
export function fillWords(writer: Writer, plan: RowsPlan): void {
  inParts(plan.calls, (from, to) => {
    writer.transaction(() => {
      for (let number = from; number < to; number += 1) writer.setText(idOf(plan, number), wordsOf(number));
    });
  });
}

function wordsOf(number: number): string {
  const words: string[] = number % 50_000 === 77 ? ['a needle here'] : [];
  for (let at = 0; at < wordsOfCall; at += 1) {
    const chance = ((number * 7919 + at * 104_729) % 1_000_003) / 1_000_003;
    words.push(`word${Math.floor(vocabulary * chance ** 4).toString(36)}`);
  }
  return words.join(' ');
}

function inParts(count: number, part: (from: number, to: number) => void): void {
  for (let from = 0; from < count; from += perTransaction) part(from, Math.min(from + perTransaction, count));
}
