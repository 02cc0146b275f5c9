import { eq } from 'drizzle-orm';
import { cpSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { checkChain, type ChainCheck, type ChainCheckOptions } from '../../server/check/chain.ts';
import { chainOf } from '../../server/store/chain.ts';
import { linkOf } from '../../server/store/chain-entry.ts';
import { createSeal } from '../../server/store/seal.ts';
import { eachEntry } from '../../server/store/chain-reader.ts';
import { openStore } from '../../server/store/open.ts';
import { startRetention } from '../../server/store/retention-run.ts';
import { reviseCost, type RevisedCost } from '../../server/store/revisions.ts';
import { calls, type CallRow } from '../../server/store/tables.ts';
import { createWriter } from '../../server/store/write.ts';
import { recordedStore, type RecordedStore } from './recorded-store.ts';

const seal = createSeal(Buffer.alloc(32, 7));

async function check(path: string, options: Partial<ChainCheckOptions> = {}): Promise<ChainCheck> {
  const store = openStore(path, 'read');
  try {
    return await checkChain(store, {
      seal,
      expect: null,
      trusted: [],
      onProgress: () => undefined,
      ...options,
    });
  } finally {
    store.close();
  }
}

async function findings(path: string, options: Partial<ChainCheckOptions> = {}): Promise<string[]> {
  const found = await check(path, options);
  return found.findings.map(({ kind, callId, text }) => `${kind} ${callId ?? '-'} ${text}`);
}

/** Opens it as the installation that recorded it, for as long as `work` takes. */
function write(path: string, work: (store: ReturnType<typeof openStore>) => void): void {
  const store = openStore(path, 'write', { seal });
  try {
    work(store);
  } finally {
    store.close();
  }
}

/** As somebody would who knows how chains are made, but not the secret. */
function forgeLinks({ path }: RecordedStore): void {
  const store = openStore(path, 'write');
  try {
    let before: Buffer = Buffer.alloc(32);
    let last = 0;
    const set = store.sqlite.prepare('UPDATE chain SET link = ? WHERE id = ?');
    for (const entry of eachEntry(store, 0, 2 ** 40)) {
      before = linkOf(before, entry);
      set.run(before, entry.id);
      last = entry.id;
    }
    store.sqlite.prepare('UPDATE chain_writers SET last = ?, link = ?').run(last, before);
  } finally {
    store.close();
  }
}

const revised = (costNanoUsd: number): RevisedCost => ({
  costNanoUsd,
  costSource: 'reported',
  computedCostNanoUsd: 1,
  cacheSavedNanoUsd: null,
  cacheLostNanoUsd: null,
  costLines: '[]',
  notes: [`unpriced: ${costNanoUsd}`],
  bookVersion: 'test',
});

describe('a chain that nobody touched', () => {
  it('proves every call that has ended, and tells its head', async () => {
    const { path } = await recordedStore();
    const { writers, ...found } = await check(path);
    // The first entry tells that the chain begins.
    expect(writers).toMatchObject([{ name: seal.writer, entries: 5, callsBefore: 0, seal: 'valid' }]);
    expect(writers[0]?.head).toMatch(/^[\da-f]{64}$/);
    expect(found).toMatchObject({ calls: 4, open: 1, beforeChain: 0, corrections: 0, findings: [] });
    expect(found.bodies).toBeGreaterThan(0);
  });

  it('finds a head that was noted before, also after more was recorded', async () => {
    const { path, id } = await recordedStore();
    const { writers } = await check(path);
    const expected = writers[0]?.head ?? '';
    write(path, (store) => reviseCost(store, id, revised(5), { reason: 'r', nowMs: 1 }));
    expect(await check(path, { expect: expected.slice(0, 20) })).toMatchObject({
      expectedAt: { writer: seal.writer, entry: 5 },
      findings: [],
    });
  });

  it('stays whole over retention of bodies and calls, corrections and a file written anew', async () => {
    const { path, id } = await recordedStore();
    write(path, (store) => {
      const writer = createWriter(store);
      for (const cost of [5, 7]) reviseCost(store, id, revised(cost), { reason: 'again', nowMs: cost });
      const run = startRetention(store, writer, { bodiesBeforeMs: Date.now() + 1e9, callsBeforeMs: null });
      while (run.step());
      store.sqlite.exec('VACUUM');
    });
    expect(await check(path)).toMatchObject({ calls: 4, corrections: 2, expired: 3, findings: [] });
    write(path, (store) => {
      const run = startRetention(store, createWriter(store), {
        bodiesBeforeMs: null,
        callsBeforeMs: Date.now() + 1e9,
      });
      while (run.step());
    });
    expect(await check(path)).toMatchObject({ calls: 0, corrections: 2, settled: 6, open: 1, findings: [] });
  });

  it('notes a call once, however often its ending is written, and again when it ended otherwise', async () => {
    const { path, id } = await recordedStore();
    write(path, (store) => {
      const writer = createWriter(store);
      const row = store.db.select().from(calls).where(eq(calls.id, id)).get() as CallRow;
      const details = { request_headers: '["a","b"]' };
      for (let time = 0; time < 3; time++) writer.transaction(() => writer.finishCall(id, row, details, []));
    });
    expect(await check(path)).toMatchObject({
      writers: [{ entries: 6 }],
      calls: 4,
      settled: 1,
      findings: [],
    });
    // Its details tell no cost lines at all.
    write(path, (store) => reviseCost(store, id, revised(5), { reason: 'first', nowMs: 1 }));
    expect(await findings(path)).toEqual([]);
  });

  it('is followed while calls end, go and are corrected', async () => {
    const { path, id } = await recordedStore();
    const store = openStore(path, 'write', { seal });
    onTestFinished(() => store.close());
    const other = store.sqlite.prepare("SELECT id FROM calls WHERE state = 'failed'").pluck().get() as string;
    const reader = openStore(path, 'read');
    onTestFinished(() => reader.close());
    const running = checkChain(reader, { seal, expect: null, trusted: [], onProgress: () => undefined });
    // The check waits for its first breath by now: what follows is between its two looks at the chain.
    reviseCost(store, id, revised(9), { reason: 'meanwhile', nowMs: 1 });
    createWriter(store).transaction(() => {
      chainOf(store).addRemoval('removed', [other]);
      for (const table of ['calls WHERE id', 'call_details WHERE call_id', 'bodies WHERE call_id']) {
        store.sqlite.prepare(`DELETE FROM ${table} = ?`).run(other);
      }
    });
    expect((await running).findings).toEqual([]);
  });
});

describe('a store from before there was a chain', () => {
  it('is told as it is: its calls are counted, and nothing is proven of them', async () => {
    const store = await recordedStore();
    store.damage('DELETE FROM chain; DELETE FROM chain_writers; UPDATE call_details SET chain = NULL');
    write(store.path, (open) => reviseCost(open, store.id, revised(5), { reason: 'first', nowMs: 1 }));
    expect(await check(store.path)).toMatchObject({
      writers: [{ entries: 2, callsBefore: 4 }],
      calls: 0,
      beforeChain: 4,
      corrections: 1,
      findings: [],
    });
    store.damage('UPDATE calls SET cost_nano_usd = 1 WHERE id = :id');
    expect(await findings(store.path)).toEqual([
      `altered ${store.id} its cost is not what the last correction made it`,
    ]);
  });
});

describe('a record that was altered', () => {
  it.each([
    ['a token count', 'UPDATE calls SET output_tokens = output_tokens + 1 WHERE id = :id'],
    ['who made the call', "UPDATE calls SET user_id = 'mallory' WHERE id = :id"],
    ['a state', "UPDATE calls SET state = 'interrupted' WHERE id = :id"],
    ['a cost', 'UPDATE calls SET cost_nano_usd = 0, computed_cost_nano_usd = 0 WHERE id = :id'],
    ['a header', `UPDATE call_details SET request_headers = '["a","b"]' WHERE call_id = :id`],
    ['a note', `UPDATE call_details SET notes = '["was fine"]' WHERE call_id = :id`],
    ['the hash of a body', "UPDATE calls SET request_sha256 = 'ff' WHERE id = :id"],
  ])('%s shows', async (_what, sql) => {
    const store = await recordedStore();
    store.damage(sql);
    expect(await findings(store.path)).toContain(
      `altered ${store.id} it is not as it was recorded in entry 2`,
    );
  });

  it('a part of a cost shows', async () => {
    const store = await recordedStore();
    store.damage('UPDATE calls SET cost_input_nano_usd = 12 WHERE id = :id');
    expect(await findings(store.path)).toEqual([
      `altered ${store.id} the parts of its cost are not those of its cost lines`,
    ]);
  });

  it('a body shows, also when its own digest is made to fit', async () => {
    const store = await recordedStore();
    store.damage(
      "UPDATE bodies SET packing = 'raw', bytes = zeroblob(kept_bytes), digest = NULL WHERE call_id = :id AND part = 'request'",
    );
    expect(await findings(store.path)).toEqual([
      expect.stringContaining(`body ${store.id} the kept request is not the one`),
    ]);
  });

  it('bodies that are gone without retention show', async () => {
    const store = await recordedStore();
    store.damage(
      "DELETE FROM bodies WHERE call_id = :id; UPDATE calls SET bodies = 'expired' WHERE id = :id",
    );
    expect(await findings(store.path)).toEqual([
      `body ${store.id} its bodies are gone, and retention did not remove them`,
    ]);
  });

  it('a call that is gone shows', async () => {
    const store = await recordedStore();
    store.damage(
      'DELETE FROM calls WHERE id = :id; DELETE FROM call_details WHERE call_id = :id; DELETE FROM bodies WHERE call_id = :id',
    );
    expect(await findings(store.path)).toEqual([
      `removed ${store.id} it was recorded in entry 2, and is not there`,
    ]);
  });

  it('a call that was put in shows, and so does one that borrows an entry', async () => {
    const store = await recordedStore();
    const call =
      "INSERT INTO calls (id, state, method, path, started_ms, ended_ms, duration_us, bodies) VALUES ('new', 'completed', 'POST', '/v1/messages', 9e12, 9e12, 1, 'metadata')";
    store.damage(`${call}; INSERT INTO call_details (call_id, request_headers) VALUES ('new', '[]')`);
    expect(await findings(store.path)).toEqual(['inserted new no entry tells of it']);
    store.damage("UPDATE calls SET started_ms = 1 WHERE id = 'new'");
    expect(await findings(store.path)).toEqual([
      'inserted - 1 more calls without an entry than there were when the chain began',
    ]);
    store.damage("UPDATE call_details SET chain = 2 WHERE call_id = 'new'");
    expect(await findings(store.path)).toEqual([
      'altered new entry 2, which it names, is about something else',
    ]);
    store.damage(
      "DELETE FROM call_details WHERE call_id = 'new'; UPDATE calls SET started_ms = 9e12 WHERE id = 'new'",
    );
    expect(await findings(store.path)).toEqual(['inserted new no entry tells of it']);
  });

  it('a correction that was changed, taken back or made up shows', async () => {
    const store = await recordedStore();
    write(store.path, (open) => {
      for (const cost of [5, 7]) reviseCost(open, store.id, revised(cost), { reason: 'again', nowMs: cost });
    });
    const untouched = `${store.path}.copy`;
    cpSync(store.path, untouched);
    store.damage("UPDATE cost_revisions SET reason = 'forged' WHERE call_id = :id AND revision = 2");
    expect(await findings(store.path)).toEqual([
      `altered ${store.id} correction 2 of its cost is not as it was made in entry 6`,
    ]);
    cpSync(untouched, store.path);
    store.damage(
      `DELETE FROM cost_revisions WHERE call_id = :id AND revision = 3; UPDATE calls SET cost_nano_usd = 5 WHERE id = :id; UPDATE call_details SET notes = (SELECT notes FROM cost_revisions WHERE call_id = :id AND revision = 2) WHERE call_id = :id`,
    );
    expect(await findings(store.path)).toEqual([
      `altered ${store.id} it does not name entry 7, which is about it`,
    ]);
    cpSync(untouched, store.path);
    store.damage('UPDATE calls SET cost_nano_usd = 1 WHERE id = :id');
    expect(await findings(store.path)).toEqual([
      `altered ${store.id} its cost is not what the last correction made it`,
    ]);
    cpSync(untouched, store.path);
    store.damage('UPDATE cost_revisions SET cost_nano_usd = 1 WHERE call_id = :id AND revision = 1');
    expect(await findings(store.path)).toEqual([
      `altered ${store.id} it is not as it was recorded in entry 2`,
    ]);
  });
});

describe('a chain that was altered', () => {
  it('an entry that is gone shows, with the calls behind it', async () => {
    const store = await recordedStore();
    store.damage('DELETE FROM chain WHERE id = 3');
    const found = await findings(store.path);
    expect(found).toContain(`entry - entry 3 of ${seal.writer} is missing`);
    expect(found).toContainEqual(expect.stringMatching(/^altered .* its entry 3 is missing$/));
    expect(found).toHaveLength(2);
  });

  it('entries that changed places show', async () => {
    const store = await recordedStore();
    store.damage(
      'UPDATE chain SET id = 1000 WHERE id = 3; UPDATE chain SET id = 3 WHERE id = 4; UPDATE chain SET id = 4 WHERE id = 1000; UPDATE call_details SET chain = 7 - chain WHERE chain IN (3, 4)',
    );
    const found = await findings(store.path);
    expect(found).toContainEqual(
      expect.stringMatching(/^entry - entry 3 of .* does not follow from the one before/),
    );
    expect(found).toContainEqual(expect.stringMatching(/^entry - entry 4 of /));
  });

  it('an entry that was altered together with its call shows', async () => {
    const store = await recordedStore();
    store.damage('UPDATE chain SET hash = zeroblob(32) WHERE id = 2');
    expect(await findings(store.path)).toEqual([
      expect.stringMatching(/^entry - entry 2 of .* does not follow from the one before/),
      `altered ${store.id} it is not as it was recorded in entry 2`,
    ]);
  });

  it('an entry behind the head, and one of nobody, show', async () => {
    const store = await recordedStore();
    store.damage(
      "INSERT INTO chain (id, kind, hash, link) VALUES (6, 3, x'00', x'00'), (9 * 1099511627776 + 1, 3, x'00', x'00')",
    );
    expect(await findings(store.path)).toEqual([
      'entry - entry 6 stands behind the head, or has no writer',
      'entry - entry 1 stands behind the head, or has no writer',
    ]);
  });

  it('a chain that was cut and linked anew shows by its seal, and by a head that was noted', async () => {
    const store = await recordedStore();
    const { writers } = await check(store.path);
    const last = '(SELECT call_id FROM call_details WHERE chain = 5)';
    store.damage(`DELETE FROM bodies WHERE call_id = ${last}; DELETE FROM calls WHERE id = ${last}`);
    store.damage('DELETE FROM call_details WHERE chain = 5; DELETE FROM chain WHERE id = 5');
    forgeLinks(store);
    const wrong = `seal - the head of ${seal.writer} is not the one that this installation sealed`;
    expect(await findings(store.path)).toEqual([wrong]);
    // Without the secret only a head that somebody noted tells.
    expect(await findings(store.path, { seal: null })).toEqual([]);
    const head = writers[0]?.head ?? '';
    expect(await findings(store.path, { seal: null, expect: head })).toEqual([
      `head - the head ${head} is in no chain: entries were removed or written anew`,
    ]);
  });

  it('a chain that another installation began shows unless it is trusted', async () => {
    const store = await recordedStore();
    const other = createSeal(Buffer.alloc(32, 8));
    const copy = openStore(store.path, 'write', { seal: other });
    reviseCost(copy, store.id, revised(1), { reason: 'elsewhere', nowMs: 1 });
    copy.close();
    expect(await findings(store.path)).toEqual([
      `seal - ${other.writer} is sealed by another installation: if that is right, say --trust-writer ${other.writer}`,
    ]);
    expect(await findings(store.path, { trusted: [other.writer] })).toEqual([]);
  });

  it('a store whose chain is gone is not taken for one without findings', async () => {
    const store = await recordedStore();
    store.damage('DELETE FROM chain; DELETE FROM chain_writers; UPDATE call_details SET chain = NULL');
    expect(await findings(store.path)).toEqual(['entry - there is no chain']);
    expect(await check(store.path)).toMatchObject({ beforeChain: 4, calls: 0 });
  });
});
