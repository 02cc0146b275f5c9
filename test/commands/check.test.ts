import { copyFileSync, openSync, readFileSync, statSync, writeFileSync, writeSync } from 'node:fs';
import Database from 'better-sqlite3';
import { describe, expect, it, onTestFinished } from 'vitest';
import { addStoreCommands } from '../../server/commands/store-commands.ts';
import { openStore } from '../../server/store/open.ts';
import { recordedStore } from '../check/recorded-store.ts';
import { temporaryFolder } from '../store/temporary-store.ts';
import { runCommand, type Outcome } from './command.ts';

function check(path: string, ...options: string[]): Promise<Outcome> {
  return runCommand(addStoreCommands, ['check', '--store', path, ...options]);
}

describe('weir check', () => {
  it('says that a recorded store is clean, and changes nothing in it', async () => {
    const { path } = await recordedStore();
    const before = readFileSync(path);
    const { code, stdout, stderr } = await check(path);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/5 calls \(3 completed, 1 failed, 1 open\)/);
    expect(stdout).toMatch(/ {2}clean\n$/);
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  it('prints counts and findings as JSON and exits with 3', async () => {
    const store = await recordedStore();
    store.damage('UPDATE calls SET cost_nano_usd = cost_nano_usd + 1 WHERE id = :id');
    const { code, stdout } = await check(store.path, '--json');
    expect(code).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({
      store: store.path,
      clean: false,
      calls: 5,
      states: { completed: 3, failed: 1, open: 1 },
      bodies: 5,
      findings: [
        { kind: 'cost', call_id: store.id, repairable: false, repaired: false },
        { kind: 'rollup', call_id: null, repairable: true, repaired: false },
      ],
      unlisted_findings: 0,
    });
  });

  it('repairs what can be derived, once', async () => {
    const store = await recordedStore();
    const orphan = "INSERT INTO call_details (call_id, request_headers) VALUES ('gone', '[]')";
    const segment =
      "INSERT INTO bodies (call_id, part, segment, packing, bytes, kept_bytes) VALUES ('gone', 'request', 0, 'raw', x'00', 1)";
    store.damage(
      `UPDATE calls SET request_sha256 = NULL WHERE id = :id; UPDATE call_details SET saved_seq = 1 WHERE call_id = :id; ${orphan}; ${segment}; UPDATE pieces SET length = 1 WHERE key = (SELECT min(key) FROM pieces)`,
    );
    expect((await check(store.path)).stdout).toContain('5 findings; --repair can put 5 right');
    const repaired = await check(store.path, '--repair');
    expect(repaired.code).toBe(0);
    expect(repaired.stdout).toContain('5 findings, all repaired');
    expect(await check(store.path)).toMatchObject({ code: 0, stdout: expect.stringContaining('clean') });
  });

  it('says of a damaged search index that it can be made anew, and does that', async () => {
    const store = await recordedStore();
    const before = new Database(store.path);
    before.unsafeMode(true);
    before.exec("UPDATE call_text_data SET block = x'00010203040506'");
    before.close();
    const { code, stdout } = await check(store.path);
    expect(code).toBe(3);
    expect(stdout).toMatch(/search {2}the search index is damaged \(.*\); --repair begins it anew/);
    expect(stdout).toMatch(/5 calls .* --repair can put 1 right/s);
    expect((await check(store.path, '--repair')).code).toBe(0);
    expect(await check(store.path)).toMatchObject({ code: 0, stdout: expect.stringContaining('clean') });
  });

  it('never touches tokens or costs', async () => {
    const store = await recordedStore();
    store.damage(
      'UPDATE calls SET cost_nano_usd = 1, output_tokens = 1, request_sha256 = NULL WHERE id = :id',
    );
    const { code, stdout } = await check(store.path, '--repair');
    expect(code).toBe(3);
    expect(stdout).toContain('4 findings, 2 repaired');
    const database = new Database(store.path, { readonly: true });
    onTestFinished(() => void database.close());
    const row = database.prepare('SELECT cost_nano_usd, output_tokens FROM calls WHERE id = ?').get(store.id);
    expect(row).toEqual({ cost_nano_usd: 1, output_tokens: 1 });
  });

  it('checks a store that is being written, but repairs none: 75', async () => {
    const store = await recordedStore();
    store.damage('UPDATE call_details SET saved_seq = 1 WHERE call_id = :id');
    const writer = openStore(store.path, 'write');
    onTestFinished(() => writer.close());
    expect((await check(store.path)).code).toBe(3);
    const { code, stderr } = await check(store.path, '--repair');
    expect(code).toBe(75);
    expect(stderr).toContain('already recording');
  });

  it('finds damaged pages, and writes nothing into such a file', async () => {
    const store = await recordedStore();
    const { size } = statSync(store.path);
    const file = openSync(store.path, 'r+');
    for (let at = 8192 + 8; at < size; at += 8192) writeSync(file, Buffer.alloc(64, 0xaa), 0, 64, at);
    const before = readFileSync(store.path);
    const { code, stdout } = await check(store.path, '--repair', '--json');
    expect(code).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({
      clean: false,
      findings: expect.arrayContaining([expect.objectContaining({ kind: 'damage', repaired: false })]),
    });
    expect(readFileSync(store.path).equals(before)).toBe(true);
  });

  it('exits with 4 where there is no store, and with 1 for the database of another program', async () => {
    const folder = temporaryFolder();
    const none = await check(`${folder}/none.db`);
    expect(none).toMatchObject({ code: 4, stdout: '' });
    expect(none.stderr).toContain('There is no store');
    const foreign = new Database(`${folder}/foreign.db`);
    foreign.exec('CREATE TABLE notes (text TEXT)');
    foreign.close();
    expect(await check(`${folder}/foreign.db`)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('another program'),
    });
  });

  it('reports a file that is no database at all as a finding', async () => {
    const path = `${temporaryFolder()}/weir.db`;
    writeFileSync(path, 'these are no pages'.repeat(1000));
    copyFileSync(path, `${path}.before`);
    expect(await check(path)).toMatchObject({
      code: 3,
      stdout: expect.stringContaining('not a SQLite database'),
    });
    expect(readFileSync(path).equals(readFileSync(`${path}.before`))).toBe(true);
  });
});
