import Database from 'better-sqlite3';
import { closeSync, cpSync, openSync, readdirSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { callsPageSchema } from '../../server/api/schemas/call.ts';
import { startProgram } from '../support/program.ts';
import { expectNothingLost, freshDir, load, started } from './stage.ts';
import { storedCalls } from './verdict.ts';
import { removeDir, temporaryDir, until, well } from './weir.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startFaultUpstream, type FaultUpstream } from './upstream.ts';

let upstream: FaultUpstream;

beforeAll(async () => {
  upstream = await startFaultUpstream();
});
afterAll(() => upstream.close());

describe('a store that is damaged', () => {
  /** A data directory as a killed program leaves it, with some calls in the store and in its log. */
  let recorded: string;

  beforeAll(async () => {
    recorded = temporaryDir();
    const program = await startProgram({ args: ['--upstream', upstream.url], dataDir: recorded });
    const clients = load(program);
    // What is made on a busy machine may all lie in the second that the kill takes.
    await until(
      () => storedCalls(recorded).filter(({ state }) => state === 'completed').length,
      (count) => count > 30,
      60_000,
    );
    await program.stop('SIGKILL');
    await clients.stop();
  }, 90_000);
  afterAll(() => removeDir(recorded));

  function copy(): string {
    const dir = freshDir();
    cpSync(recorded, dir, { recursive: true });
    return dir;
  }

  async function goesOn(dataDir: string): Promise<void> {
    const program = await started(upstream.url, dataDir);
    const clients = load(program, 10_000);
    await until(
      () => clients.calls.length,
      (count) => count > 20,
    );
    const made = await clients.stop();
    await well(program);
    const stored = storedCalls(dataDir).filter(({ marker }) => marker >= 10_000);
    await expectNothingLost(program, made, stored);
    await program.stop();
  }

  const setAside = (dataDir: string): string[] =>
    readdirSync(dataDir).filter((name) => /^weir\.db\.damaged-[^/]*Z$/.test(name));

  test('a garbage header at the start: it is set aside, never deleted, and a new one is begun', async () => {
    const dataDir = copy();
    checkpoint(dataDir);
    writeAt(join(dataDir, 'weir.db'), 0, Buffer.alloc(100, 0x5a));
    await goesOn(dataDir);
    expect(setAside(dataDir)).toHaveLength(1);
  }, 60_000);

  test('garbage pages in the middle: found when they are met, set aside, and nothing that comes is lost', async () => {
    const dataDir = copy();
    checkpoint(dataDir);
    const path = join(dataDir, 'weir.db');
    // All but the header and the schema.
    for (let page = 2; page < 12; page++) writeAt(path, page * 8192, Buffer.alloc(8192, 0x5a));
    await goesOn(dataDir);
    expect(setAside(dataDir)).toHaveLength(1);
  }, 60_000);

  test('a search index whose damage only a search meets: it is made anew from the bodies', async () => {
    const dataDir = copy();
    const database = new Database(join(dataDir, 'weir.db'));
    database.unsafeMode(true);
    // Not what the index is opened by: what it holds of words.
    database.exec('UPDATE call_text_data SET block = zeroblob(40) WHERE id > 10');
    database.close();
    const program = await started(upstream.url, dataDir);
    const search = () =>
      fetch(new URL('/-/api/v1/calls?q=answer&limit=5', program.dashboardUrl), {
        headers: { authorization: `Bearer ${program.token}` },
      });
    const first = await search();
    expect([first.status, await first.json()]).toMatchObject([
      503,
      { type: 'urn:weir:problem:search_damaged' },
    ]);
    const items = await until(
      async () => {
        const page = await search();
        return page.ok ? callsPageSchema.parse(await page.json()).items.length : await page.text();
      },
      (count) => count === 5,
      60_000,
    );
    expect(items).toBe(5);
    expect(program.stderr()).toMatch(/The search index was damaged \(.*\); it is being built anew\./);
    expect(setAside(dataDir)).toEqual([]);
    await program.stop();
  }, 120_000);

  test('a corrupt tail of the write-ahead log: what stands before it is there, and the record goes on', async () => {
    const dataDir = copy();
    const log = join(dataDir, 'weir.db-wal');
    writeFileSync(log, Buffer.alloc(5000, 0x5a), { flag: 'a' });
    await goesOn(dataDir);
    expect(setAside(dataDir)).toEqual([]);
    expect(
      storedCalls(dataDir).filter(({ marker, state }) => marker < 10_000 && state === 'completed').length,
    ).toBeGreaterThan(5);
  }, 60_000);
});

/** What was in the log is in the file. */
function checkpoint(dataDir: string): void {
  const database = new Database(join(dataDir, 'weir.db'));
  database.pragma('wal_checkpoint(TRUNCATE)');
  database.close();
}

function writeAt(path: string, offset: number, bytes: Buffer): void {
  const file = openSync(path, 'r+');
  writeSync(file, bytes, 0, bytes.byteLength, offset);
  closeSync(file);
}
