import Database from 'better-sqlite3';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Backlog } from '../../server/recorder/backlog.ts';
import { Keeper } from '../../server/recorder/keeper.ts';
import { Suspect } from '../../server/recorder/suspect.ts';
import { joinBody } from '../../server/store/bodies.ts';
import type { FinishChange } from '../../server/store/change.ts';
import { listCalls } from '../../server/store/calls.ts';
import { readBacklog } from '../../server/store/search-backlog.ts';
import { rebuildSearch } from '../../server/store/search-damage.ts';
import { migrateStore } from '../../server/store/schema.ts';
import { sampleCall, sampleDetails } from '../store/temporary-store.ts';

function freshDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'weir-backlog-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

function keeperIn(dir: string) {
  const notices: string[] = [];
  const keeper = new Keeper({
    target: join(dir, 'weir.db'),
    durability: 'normal',
    spillDir: join(dir, 'spill'),
    mustOpen: true,
    onNotice: (message) => notices.push(message),
    onSpillLost: () => expect.unreachable(),
  });
  onTestFinished(() => keeper.close());
  return { keeper, notices };
}

/** A turn of one conversation: it repeats what was said before, and adds a word of its own. */
function turn(number: number, text: string | null): FinishChange {
  const said = Array.from({ length: number + 1 }, (_, at) => [
    { role: 'user', content: `ask${at} about the river` },
    ...(at < number ? [{ role: 'assistant', content: `say${at}` }] : []),
  ]).flat();
  const request = Buffer.from(JSON.stringify({ model: 'm', messages: said }));
  const answer = Buffer.from(
    JSON.stringify({ type: 'message', role: 'assistant', content: [{ type: 'text', text: `say${number}` }] }),
  );
  const row = sampleCall({
    id: `call-${number}`,
    bodies: 'full',
    session_id: 's',
    started_ms: 1000 + number,
  });
  return {
    kind: 'finish',
    row,
    details: { ...sampleDetails, response_headers: '["content-type","application/json"]' },
    parts: [
      { part: 'request', ...joinBody([{ bytes: request, atUs: 1 }]) },
      { part: 'response', ...joinBody([{ bytes: answer, atUs: 2 }]) },
    ],
    saved: [],
    text,
  };
}

const words = (number: number): string => `ask${number} about the river\nsay${number}`;

function damage(dir: string, statement: string): void {
  const database = new Database(join(dir, 'weir.db'));
  database.unsafeMode(true);
  database.exec(statement);
  database.close();
}

function found(keeper: Keeper, q: string): string[] {
  if (keeper.store === null) return [];
  return listCalls(keeper.store, { q: [q] }, 100, null)
    .items.map(({ id }) => id)
    .sort();
}

async function untilDone(keeper: Keeper, dir: string): Promise<void> {
  const backlog = new Backlog(keeper, dir);
  const untilMs = performance.now() + 20_000;
  while (keeper.store !== null && readBacklog(keeper.store, 1) !== null) {
    expect(performance.now()).toBeLessThan(untilMs);
    await backlog.step();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const all = Array.from({ length: 12 }, (_, number) => number);

describe('a damaged search index', () => {
  test.each([
    'DELETE FROM call_text_data',
    "UPDATE call_text_data SET block = x'00010203040506'",
    'UPDATE call_text_data SET block = zeroblob(20)',
    'DROP TABLE call_text_data',
    'DROP TABLE call_text_idx',
    'DROP TABLE call_text_docsize',
    'DROP TABLE call_text_config',
    'DELETE FROM call_text_config',
    'DROP TABLE call_text',
    'DROP TABLE call_docs',
  ])('is begun anew and filled again, and the store stays (%s)', async (statement) => {
    const dir = freshDir();
    const before = keeperIn(dir);
    expect(before.keeper.commit(all.map((number) => turn(number, words(number))))).not.toContain('lost');
    before.keeper.close();
    damage(dir, statement);
    const { keeper, notices } = keeperIn(dir);
    // The words of a call that is told again have to leave the index first, which an insertion alone need not notice.
    expect(keeper.commit([turn(3, words(3)), turn(12, words(12))])).toEqual(['whole', 'whole']);
    expect(keeper.trouble).toBeNull();
    expect(notices).toEqual([
      expect.stringMatching(/^The search index was damaged \(.*\); it is being built anew\.$/),
    ]);
    expect(found(keeper, 'say12')).toEqual(['call-12']);
    await untilDone(keeper, dir);
    for (const number of all) expect(found(keeper, `say${number}`)).toContain(`call-${number}`);
    expect(found(keeper, '"about the river"')).toHaveLength(13);
    expect(readdirSync(dir).filter((name) => name.includes('damaged'))).toEqual([]);
  });

  test('is begun anew under a keeper that has it open, and when calls are removed', () => {
    const dir = freshDir();
    const { keeper, notices } = keeperIn(dir);
    keeper.commit([turn(0, words(0))]);
    damage(dir, 'DELETE FROM call_text_data');
    keeper.attend((store, writer) => {
      writer.transaction(() => store.sqlite.exec("DELETE FROM calls WHERE id = 'call-0'"));
    });
    expect(notices).toHaveLength(1);
    expect(keeper.commit([turn(1, words(1))])).toEqual(['whole']);
    expect(found(keeper, 'say1')).toEqual(['call-1']);
  });
});

describe('the backlog', () => {
  test('holds what a store had before there was an index, and nothing that needs none', async () => {
    const dir = freshDir();
    const before = keeperIn(dir);
    before.keeper.commit(all.map((number) => turn(number, null)));
    before.keeper.commit([
      { ...turn(20, null), parts: [], row: sampleCall({ id: 'metadata', bodies: 'metadata' }) },
    ]);
    before.keeper.close();
    // As a version before the index had left it.
    damage(
      dir,
      'DROP TRIGGER call_text_with_call; DROP TRIGGER call_text_with_bodies; DROP TABLE call_text; DROP TABLE call_docs',
    );
    const database = new Database(join(dir, 'weir.db'));
    migrateStore(database);
    database.close();
    const { keeper, notices } = keeperIn(dir);
    await untilDone(keeper, dir);
    expect(notices).toEqual([]);
    for (const number of all) expect(found(keeper, `say${number}`)).toEqual([`call-${number}`]);
    const indexed = keeper.store?.sqlite.prepare('SELECT count(*) FROM call_docs').pluck().get();
    expect(indexed).toBe(12);
  });

  test('goes on where it was left, and leaves out what has lost its bodies meanwhile', async () => {
    const dir = freshDir();
    const first = keeperIn(dir);
    first.keeper.commit(all.map((number) => turn(number, words(number))));
    first.keeper.attend(rebuildSearch);
    await new Backlog(first.keeper, dir).step();
    const done = all.filter((number) => found(first.keeper, `say${number}`).length > 0);
    expect(done).toEqual([0, 1, 2, 3]);
    first.keeper.close();
    const second = keeperIn(dir);
    second.keeper.attend((store) =>
      store.sqlite.exec("UPDATE calls SET bodies = 'expired' WHERE id = 'call-7'"),
    );
    await untilDone(second.keeper, dir);
    const indexed = second.keeper.store?.sqlite.prepare('SELECT call_id FROM call_docs').pluck().all() ?? [];
    expect(all.filter((number) => !indexed.includes(`call-${number}`))).toEqual([7]);
  });

  test.each([
    [2, all],
    [3, all.filter((number) => number !== 5)],
  ])('after %i processes have died of a call holds %j', async (deaths, expected) => {
    const dir = freshDir();
    const { keeper } = keeperIn(dir);
    keeper.commit(all.map((number) => turn(number, words(number))));
    keeper.attend(rebuildSearch);
    for (let died = 0; died < deaths; died++) new Suspect(dir, 'in-index').take('call-5');
    await untilDone(keeper, dir);
    expect(all.filter((number) => found(keeper, `say${number}`).includes(`call-${number}`))).toEqual(
      expected,
    );
    expect(readdirSync(dir)).not.toContain('in-index');
  });
});
