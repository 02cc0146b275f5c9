import Database from 'better-sqlite3';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Finding } from '../../server/check/finding.ts';
import { applyRepair, checkStore, type StoreCheck } from '../../server/check/store.ts';
import { costParts } from '../../server/store/cost-parts.ts';
import { openStore } from '../../server/store/open.ts';
import { recordedStore } from './recorded-store.ts';

async function checked(path: string): Promise<StoreCheck> {
  const store = openStore(path, 'read');
  try {
    const whole = await checkStore(store, () => undefined);
    // What is changed in a call shows in the sums of its hour as well: those have a test of their own.
    return { ...whole, findings: whole.findings.filter(({ kind }) => kind !== 'rollup') };
  } finally {
    store.close();
  }
}

interface Damage {
  readonly what: string;
  readonly sql: string;
  readonly kind: Finding['kind'];
  readonly text: RegExp;
  readonly repair?: NonNullable<Finding['repair']>['kind'];
}

const usage = '{"start":null,"delta":null,"merged":{"input_tokens":1001,"output_tokens":10}}';

const damages: readonly Damage[] = [
  {
    what: 'a state that there is not',
    sql: "UPDATE calls SET state = 'finished' WHERE id = :id",
    kind: 'ending',
    text: /state "finished"/,
  },
  {
    what: 'a completed call with an error kind',
    sql: "UPDATE calls SET error_kind = 'dns' WHERE id = :id",
    kind: 'ending',
    text: /dns does not go with state completed/,
  },
  {
    what: 'a failed call without one',
    sql: "UPDATE calls SET error_kind = NULL WHERE state = 'failed'",
    kind: 'ending',
    text: /must have an error_kind/,
  },
  {
    what: 'an ended call without an ending',
    sql: 'UPDATE calls SET ended_ms = NULL WHERE id = :id',
    kind: 'ending',
    text: /completed has no ending/,
  },
  {
    what: 'an open call with an ending',
    sql: "UPDATE calls SET ended_ms = started_ms WHERE state = 'open'",
    kind: 'ending',
    text: /open call has an ending/,
  },
  {
    what: 'a message state that there is not',
    sql: "UPDATE calls SET message_state = 'done' WHERE id = :id",
    kind: 'ending',
    text: /message_state "done"/,
  },
  {
    what: 'a first byte after the end',
    sql: 'UPDATE calls SET ttfb_us = duration_us + 1 WHERE id = :id',
    kind: 'times',
    text: /ttfb_us lies behind/,
  },
  {
    what: 'an end long before the start',
    sql: 'UPDATE calls SET ended_ms = started_ms - 60000 WHERE id = :id',
    kind: 'times',
    text: /ended_ms lies 60025 ms before/,
  },
  {
    what: 'tokens that the usage does not make',
    sql: 'UPDATE calls SET output_tokens = output_tokens + 1 WHERE id = :id',
    kind: 'usage',
    text: /output_tokens is 11, the stored usage makes 10/,
  },
  {
    what: 'a usage that does not make the tokens',
    sql: `UPDATE call_details SET usage = '${usage}' WHERE call_id = :id`,
    kind: 'usage',
    text: /input_tokens is 1000, the stored usage makes 1001/,
  },
  {
    what: 'a usage that is not JSON',
    sql: "UPDATE call_details SET usage = '{' WHERE call_id = :id",
    kind: 'usage',
    text: /not JSON/,
  },
  {
    what: 'a wrong sum',
    sql: 'UPDATE calls SET cost_nano_usd = cost_nano_usd + 1 WHERE id = :id',
    kind: 'cost',
    text: /cost_nano_usd is \d+, its lines make \d+/,
  },
  {
    what: 'another computed cost than the lines make',
    sql: 'UPDATE calls SET computed_cost_nano_usd = 1 WHERE id = :id',
    kind: 'cost',
    text: /computed_cost_nano_usd is 1, its lines make \d+/,
  },
  {
    what: 'a cost without a source',
    sql: 'UPDATE calls SET cost_source = NULL WHERE id = :id',
    kind: 'cost',
    text: /cost_source is null/,
  },
  {
    what: 'a reported cost that was not reported',
    sql: "UPDATE calls SET cost_source = 'reported' WHERE id = :id",
    kind: 'cost',
    text: /null was reported/,
  },
  {
    what: 'a cost line with another quantity',
    sql: `UPDATE call_details SET cost_lines = replace(detail_text(cost_lines), '"quantity":1000', '"quantity":1001') WHERE call_id = :id`,
    kind: 'cost',
    text: /cost line 0 is not quantity times rate/,
  },
  {
    what: 'a cost line without an amount',
    sql: `UPDATE call_details SET cost_lines = replace(detail_text(cost_lines), 'amount_nano_usd', 'amount') WHERE call_id = :id`,
    kind: 'cost',
    text: /cost line cannot be read/,
  },
  {
    what: 'a body whose bytes are gone',
    sql: "DELETE FROM bodies WHERE call_id = :id AND part = 'response'",
    kind: 'body',
    text: /0 of \d+ bytes of the response/,
  },
  {
    what: 'another body than the one that was hashed',
    sql: "UPDATE bodies SET packing = 'raw', bytes = CAST(replace(hex(zeroblob(kept_bytes)), '00', 'x') AS BLOB) WHERE call_id = :id AND part = 'request'",
    kind: 'body',
    text: /not the one whose request_sha256/,
  },
  {
    what: 'a body of an unknown packing',
    sql: "UPDATE bodies SET packing = 'zip' WHERE call_id = :id AND part = 'request'",
    kind: 'body',
    text: /unknown packing zip/,
  },
  {
    what: 'a body with a gap',
    sql: "UPDATE bodies SET segment = 1 WHERE call_id = :id AND part = 'request'",
    kind: 'body',
    text: /segment 0 of the request is missing/,
  },
  {
    what: 'times of arrival that are not those of the body',
    sql: "UPDATE bodies SET marks = zeroblob(8) WHERE call_id = :id AND part = 'request'",
    kind: 'body',
    text: /its times are those of 0/,
  },
  {
    what: 'content where none may be',
    sql: "UPDATE calls SET bodies = 'metadata' WHERE id = :id",
    kind: 'body',
    text: /request is kept, although bodies is metadata/,
  },
  {
    what: 'a body that is neither request nor answer',
    sql: "INSERT INTO bodies (call_id, part, segment, packing, bytes, kept_bytes) VALUES (:id, 'reply', 0, 'raw', x'00', 1)",
    kind: 'body',
    text: /neither request nor response/,
  },
  {
    what: 'a hash that is missing',
    sql: 'UPDATE calls SET response_sha256 = NULL WHERE id = :id',
    kind: 'body',
    text: /response_sha256 is missing/,
    repair: 'fill_sha256',
  },
  {
    what: 'a mark of a call that runs on one that has ended',
    sql: 'UPDATE call_details SET saved_seq = 7 WHERE call_id = :id',
    kind: 'details',
    text: /marked as being saved/,
    repair: 'clear_saved_seq',
  },
  {
    what: 'an index that is gone',
    sql: 'DROP INDEX calls_session',
    kind: 'shape',
    text: /index calls_session is missing/,
  },
  {
    what: 'a view that somebody made himself',
    sql: 'DROP VIEW calls_v1; CREATE VIEW calls_v1 AS SELECT id FROM calls',
    kind: 'shape',
    text: /view calls_v1 is not as/,
  },
];

const otherParts = costParts
  .filter((part) => part !== 'cost_input_nano_usd')
  .map((part) => `${part} = NULL`)
  .join(', ');

describe('checkStore', () => {
  it('finds nothing in what the recorder wrote, and counts it', async () => {
    const { path } = await recordedStore();
    const { findings, unlisted, calls, states, bodies } = await checked(path);
    expect(findings).toEqual([]);
    expect({ unlisted, calls, states, bodies }).toEqual({
      unlisted: 0,
      calls: 5,
      states: { completed: 3, failed: 1, open: 1 },
      bodies: 5,
    });
  });

  it.each(damages)('finds $what', async ({ sql, kind, text, repair }) => {
    const store = await recordedStore();
    store.damage(sql);
    const { findings } = await checked(store.path);
    const found = findings.find((finding) => finding.kind === kind && text.test(finding.text));
    expect(findings).toContain(found);
    expect(found?.repair?.kind).toBe(repair);
  });

  it('finds one flipped bit wherever it is in what bodies are made of', async () => {
    const store = await recordedStore();
    const database = new Database(store.path);
    onTestFinished(() => void database.close());
    const flipped: boolean[] = [];
    for (const [table, key] of [
      ['packs', 'id'],
      ['bodies', 'call_id || part || segment'],
    ]) {
      const rows = database.prepare(`SELECT ${key} AS key, bytes FROM ${table}`).all() as {
        key: number | string;
        bytes: Buffer;
      }[];
      const set = database.prepare(`UPDATE ${table} SET bytes = ? WHERE ${key} = ?`);
      for (const { key: row, bytes } of rows) {
        for (let at = 0; at < bytes.length; at += 13) {
          const bad = Buffer.from(bytes);
          bad[at] = (bad[at] ?? 0) ^ 1;
          set.run(bad, row);
          flipped.push((await checked(store.path)).findings.some(({ kind }) => kind === 'body'));
        }
        set.run(bytes, row);
      }
    }
    expect(flipped.length).toBeGreaterThan(20);
    expect(flipped).not.toContain(false);
    expect((await checked(store.path)).findings).toEqual([]);
  });

  it('finds sums that are not those of the calls, and puts them right', async () => {
    const recorded = await recordedStore();
    const { path } = recorded;
    recorded.damage('UPDATE rollups SET output_tokens = output_tokens + 1 WHERE output_tokens > 0');
    const store = openStore(path, 'write');
    onTestFinished(() => store.close());
    const found = async () =>
      (await checkStore(store, () => undefined)).findings.filter(({ kind }) => kind === 'rollup');
    const [finding, ...more] = await found();
    expect(more).toEqual([]);
    expect(finding?.text).toMatch(/^hour 2026-11-20T12:00:00.000Z: the sums by model say \d+ for /);
    if (finding?.repair) applyRepair(store, finding.repair);
    expect(await found()).toEqual([]);
  });

  it('finds a piece that is said to lie where it does not, before a body is made of it', async () => {
    const store = await recordedStore();
    store.damage('UPDATE pieces SET offset = offset + 1 WHERE key = (SELECT min(key) FROM pieces)');
    store.damage('UPDATE pieces SET pack = 99 WHERE key = (SELECT max(key) FROM pieces)');
    const { findings } = await checked(store.path);
    expect(
      findings.map(({ kind, text, repair }) => [
        kind,
        text.replace(/\d+/, 'KEY').replace(/day \d+/, 'day D'),
        repair?.kind,
      ]),
    ).toEqual([
      ['piece', 'piece KEY: its pack holds other bytes in its place', 'forget_piece'],
      ['piece', 'piece KEY: pack 99 of day D is missing', 'forget_piece'],
    ]);
  });

  it('finds what a removed call has left behind, and details that are missing', async () => {
    const store = await recordedStore();
    store.damage(
      "DELETE FROM calls WHERE id = :id; DELETE FROM call_details WHERE call_id IN (SELECT id FROM calls WHERE state = 'failed')",
    );
    const { findings } = await checked(store.path);
    expect(findings.map(({ kind, text, repair }) => [kind, text, repair?.kind])).toEqual([
      ['details', 'its details are missing', undefined],
      ['orphan', 'details of a call that is not there', 'remove_orphan_details'],
      ['orphan', 'a body of a call that is not there', 'remove_orphan_bodies'],
    ]);
  });

  it.each([
    { amount: '0.5', cost: 0 },
    { amount: '1.5', cost: 2 },
    { amount: '2.5', cost: 2 },
  ])('rounds a sum of $amount to $cost and to nothing else', async ({ amount, cost }) => {
    const store = await recordedStore();
    const rate = Number(amount) * 1e6;
    const line = `{"class":"input","quantity":1,"rate_femto_usd":"${rate}","multipliers":[],"amount_nano_usd":"${amount}"}`;
    const found: number[] = [];
    for (const tried of [0, 1, 2, 3]) {
      store.damage(
        `UPDATE calls SET cost_nano_usd = ${tried}, computed_cost_nano_usd = ${tried}, ${otherParts}, cost_input_nano_usd = ${tried} WHERE id = :id; UPDATE call_details SET cost_lines = '[${line}]' WHERE call_id = :id`,
      );
      if ((await checked(store.path)).findings.length === 0) found.push(tried);
    }
    expect(found).toEqual([cost]);
  });

  it('finds a part of a cost that is not what its lines make', async () => {
    const store = await recordedStore();
    store.damage('UPDATE calls SET cost_output_nano_usd = cost_output_nano_usd + 1 WHERE id = :id');
    expect((await checked(store.path)).findings).toMatchObject([
      { kind: 'cost', text: 'cost_output_nano_usd is 100001, its lines make 100000' },
    ]);
  });

  it('accepts the reported cost of a call that has no price of its own', async () => {
    const store = await recordedStore();
    store.damage(
      `UPDATE calls SET cost_source = 'reported', reported_cost_nano_usd = cost_nano_usd, cost_input_nano_usd = NULL, ${otherParts} WHERE id = :id`,
    );
    expect((await checked(store.path)).findings).toEqual([]);
  });

  it('minds neither a suspended machine nor an index of the user', async () => {
    const store = await recordedStore();
    store.damage(
      'UPDATE calls SET ended_ms = started_ms + 3600000 WHERE id = :id; CREATE INDEX mine ON calls (model)',
    );
    expect((await checked(store.path)).findings).toEqual([]);
  });

  it('tells how far it is while it reads many calls', async () => {
    const store = await recordedStore();
    const columns = 'method, path, started_ms, bodies';
    store.damage(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
       INSERT INTO calls (id, state, ${columns}) SELECT 'x' || i, 'open', 'POST', '/', 1, 'full' FROM n`,
    );
    const opened = openStore(store.path, 'read');
    const seen: { calls: number; ofCalls: number }[] = [];
    const { calls } = await checkStore(opened, (progress) => seen.push(progress));
    opened.close();
    expect(calls).toBe(2005);
    expect(seen.length).toBeGreaterThanOrEqual(4);
    expect(seen.every(({ ofCalls }) => ofCalls === 2005)).toBe(true);
    expect(seen.map((progress) => progress.calls)).toEqual(
      seen.map((progress) => progress.calls).sort((a, b) => a - b),
    );
  });
});
