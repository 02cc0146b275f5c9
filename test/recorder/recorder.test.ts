import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, describe, expect, it } from 'vitest';
import { startRecorder, type Recorder, type RecorderOptions } from '../../server/recorder/recorder.ts';
import type { WholeCall } from '../../server/store/write.ts';
import {
  exchangeEnd,
  exchangeHead,
  exchangeOpen,
  play,
  sampleAnswer,
  sampleRequest,
} from '../support/exchanges.ts';

const recorders: Recorder[] = [];

afterEach(async () => {
  for (const recorder of recorders.splice(0)) await recorder.close();
});

function freshDir(): string {
  return mkdtempSync(join(tmpdir(), 'weir-recorder-'));
}

async function recorderIn(dir: string, change: Partial<RecorderOptions> = {}): Promise<Recorder> {
  const recorder = await startRecorder({
    target: join(dir, 'weir.db'),
    durability: 'full',
    spillDir: join(dir, 'spill'),
    prices: null,
    reportStages: false,
    onRows: () => undefined,
    onTrouble: () => undefined,
    ...change,
  });
  recorders.push(recorder);
  return recorder;
}

interface Row {
  readonly id: string;
  readonly state: string;
  readonly error_kind: string | null;
  readonly model: string | null;
  readonly bodies: string;
  readonly response_bytes: number | null;
}

function rowsIn(dir: string): Row[] {
  const database = new Database(join(dir, 'weir.db'), { readonly: true });
  try {
    return database.prepare('select * from calls_v1 order by id').all() as Row[];
  } finally {
    database.close();
  }
}

async function rowsWhen(dir: string, isDone: (rows: Row[]) => boolean): Promise<Row[]> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const rows = rowsIn(dir);
    if (isDone(rows) || Date.now() > deadline) return rows;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Of the threads of this process, in no order. */
function niceValues(): number[] {
  return readdirSync('/proc/self/task').map((thread) => {
    const fields = readFileSync(`/proc/self/task/${thread}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? [];
    return Number(fields[16]);
  });
}

describe('the recorder', () => {
  it.skipIf(process.platform !== 'linux')('lets calls go first, but not those that wait for it', async () => {
    const before = niceValues().filter((nice) => nice > 0).length;
    const withAudit = await recorderIn(freshDir(), { reportStages: true });
    expect(niceValues().filter((nice) => nice > 0)).toHaveLength(before);
    await withAudit.close();
    await recorderIn(freshDir());
    expect(niceValues().filter((nice) => nice > 0)).toHaveLength(before + 1);
  });

  it('writes an exchange as one row with its bodies', async () => {
    const dir = freshDir();
    const recorder = await recorderIn(dir);
    const id = play(recorder, sampleRequest, sampleAnswer);
    const rows = await rowsWhen(dir, (all) => all.length === 1);
    expect(rows).toMatchObject([{ id, state: 'completed', model: 'claude-sonnet-5', bodies: 'full' }]);
    await expect
      .poll(() => recorder.health())
      .toMatchObject({ queueBytes: 0, lagMs: 0, rowsLost: 0, trouble: null });
  });

  it('has the row of a call while it runs', async () => {
    const dir = freshDir();
    const recorder = await recorderIn(dir);
    const recording = recorder.open(exchangeOpen());
    expect(await rowsWhen(dir, (all) => all.length === 1)).toMatchObject([{ state: 'open' }]);
    recording.end(exchangeEnd({ state: 'aborted', errorKind: 'client_abort' }));
    expect(await rowsWhen(dir, ([row]) => row?.state !== 'open')).toMatchObject([
      { state: 'aborted', error_kind: 'client_abort' },
    ]);
  });

  it('reports rows only while somebody watches', async () => {
    const seen: [string, readonly WholeCall[]][] = [];
    const dir = freshDir();
    const recorder = await recorderIn(dir, { onRows: (event, rows) => seen.push([event, rows]) });
    play(recorder, sampleRequest, sampleAnswer);
    await rowsWhen(dir, (all) => all.length === 1);
    expect(seen).toEqual([]);
    recorder.watch(true);
    const id = play(recorder, sampleRequest, sampleAnswer);
    await expect.poll(() => seen.map(([event, [row]]) => [event, row?.id])).toEqual([['end', id]]);
  });

  it('commits ten times a second under steady load, and what comes after a pause at once', async () => {
    const dir = freshDir();
    let commits = 0;
    const recorder = await recorderIn(dir, { onCounted: (_, commitsUs) => (commits += commitsUs.length) });
    const beganMs = performance.now();
    for (let calls = 0; calls < 80; calls++) {
      play(recorder, sampleRequest, sampleAnswer);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await recorder.caughtUp();
    const rhythms = (performance.now() - beganMs) / 100;
    // The first, and the one that was asked for.
    await expect.poll(() => commits).toBeGreaterThan(2);
    expect(commits).toBeLessThanOrEqual(rhythms + 2);
    expect(rowsIn(dir)).toHaveLength(80);
  });

  it('writes everything that was reported before it is closed', async () => {
    const dir = freshDir();
    const recorder = await recorderIn(dir);
    for (let index = 0; index < 500; index++) play(recorder, sampleRequest, sampleAnswer);
    await recorders.pop()?.close();
    expect(rowsIn(dir)).toHaveLength(500);
    expect(rowsIn(dir).every(({ state, bodies }) => state === 'completed' && bodies === 'full')).toBe(true);
  });

  it('ends the calls of a process that is gone as interrupted, with what had arrived', async () => {
    const dir = freshDir();
    const first = await recorderIn(dir);
    const recording = first.open(exchangeOpen());
    recording.chunk('request', Buffer.from(sampleRequest), 10);
    recording.head(exchangeHead());
    recording.chunk('response', Buffer.from(sampleAnswer.slice(0, 60)), 20);
    await expect.poll(() => first.health().lagMs, { timeout: 5000 }).toBe(0);
    // Closing ends no call: what is open stays open, as after a kill.
    await recorders.pop()?.close();
    await recorderIn(dir);
    expect(rowsIn(dir)).toMatchObject([
      { state: 'interrupted', error_kind: 'process_killed', response_bytes: 60, bodies: 'truncated' },
    ]);
  });

  it('says when a stage of a call is on the disk, to those who ask', async () => {
    const dir = freshDir();
    const recorder = await recorderIn(dir, { reportStages: true });
    const recording = recorder.open(exchangeOpen());
    await recording.kept('begun');
    expect(rowsIn(dir)).toMatchObject([{ state: 'open' }]);
    recording.end(exchangeEnd());
    await recording.kept('ended');
    expect(rowsIn(dir)).toMatchObject([{ state: 'completed' }]);
  });

  it('does not call a body that was cut kept', async () => {
    const recorder = await recorderIn(freshDir(), { reportStages: true, queueBytes: 10 });
    const recording = recorder.open(exchangeOpen());
    recording.chunk('response', Buffer.from('more than ten bytes'), 1);
    recording.end(exchangeEnd({ responseBytes: 19 }));
    await expect(recording.kept('ended')).rejects.toThrow('the record could not be written');
    await expect.poll(() => recorder.health()).toMatchObject({ bodiesLost: 1, rowsLost: 0 });
  });

  it('refuses a second one on the same store with a sentence', async () => {
    const dir = freshDir();
    await recorderIn(dir);
    await expect(recorderIn(dir)).rejects.toThrow(/^Another Weir \(process \d+\) is already recording into /);
  });

  it('goes on in the spill while another program holds the store, and loses nothing', async () => {
    const dir = freshDir();
    const recorder = await recorderIn(dir);
    play(recorder, sampleRequest, sampleAnswer);
    await rowsWhen(dir, (all) => all.length === 1);
    const other = new Database(join(dir, 'weir.db'));
    other.exec('BEGIN IMMEDIATE');
    for (let index = 0; index < 20; index++) play(recorder, sampleRequest, sampleAnswer);
    await expect
      .poll(() => recorder.health(), { timeout: 15_000 })
      .toMatchObject({ queueBytes: 0, trouble: expect.stringMatching(/locked/) });
    expect(recorder.health().spilledBytes).toBeGreaterThan(0);
    other.exec('ROLLBACK');
    other.close();
    expect(await rowsWhen(dir, (all) => all.length === 21)).toHaveLength(21);
    await expect
      .poll(() => recorder.health(), { timeout: 5000 })
      .toMatchObject({ trouble: null, spilledBytes: 0, rowsLost: 0, bodiesLost: 0 });
  });
});
