import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, describe, expect, it } from 'vitest';
import { startRecorder, type Recorder } from '../../server/recorder/recorder.ts';
import { exchangeEnd, exchangeHead, exchangeOpen, startedMs } from '../support/exchanges.ts';

const recorders: Recorder[] = [];

afterEach(async () => {
  for (const recorder of recorders.splice(0)) await recorder.close();
});

async function recorderIn(
  dir: string,
  onCounted: (calls: number) => void = () => undefined,
): Promise<Recorder> {
  const recorder = await startRecorder({
    target: join(dir, 'weir.db'),
    durability: 'full',
    spillDir: join(dir, 'spill'),
    prices: null,
    reportStages: false,
    queueBytes: 256 * 1024 * 1024,
    onRows: () => undefined,
    onTrouble: () => undefined,
    onCounted: (finished) => onCounted(finished.length),
  });
  recorders.push(recorder);
  return recorder;
}

/** Words of which hardly two bodies have any in common, so that looking into one takes its time. */
function longRequest(seed: number): Buffer {
  let state = seed + 1;
  const words: string[] = [];
  for (let count = 0; count < 60_000; count++) {
    state = (state * 48_271) % 2_147_483_647;
    words.push(state.toString(36));
  }
  const messages = [{ role: 'user', content: words.join(' ') }];
  return Buffer.from(JSON.stringify({ model: 'claude-sonnet-5', max_tokens: 1, messages }));
}

const refusal = Buffer.from('{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}');

/** A refused call, `at` places after the first; returns its id. */
function playRefused(recorder: Recorder, request: Buffer, at: number): string {
  const attribution = {
    userId: null,
    team: null,
    sessionId: 'session-1',
    tags: {},
    keyId: null,
    keyHint: null,
  };
  const open = exchangeOpen({ startedMs: startedMs + at * 100, attribution });
  const recording = recorder.open(open);
  recording.chunk('request', request, 10);
  recording.head(exchangeHead({ status: 529 }));
  recording.chunk('response', refusal, 20);
  recording.end(
    exchangeEnd({
      endedMs: open.startedMs + 50,
      requestBytes: request.byteLength,
      responseBytes: refusal.byteLength,
    }),
  );
  return open.id;
}

interface Row {
  readonly id: string;
  readonly state: string;
  readonly bodies: string;
  readonly attempt_of: string | null;
}

function rowsIn(dir: string): Row[] {
  const database = new Database(join(dir, 'weir.db'), { readonly: true });
  try {
    return database
      .prepare('select id, state, bodies, attempt_of from calls_v1 order by started_ms')
      .all() as Row[];
  } finally {
    database.close();
  }
}

describe('a recorder that is behind', () => {
  it('brings calls to the disk and looks into them later, each once and in their order', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'weir-overflow-'));
    let counted = 0;
    const recorder = await recorderIn(dir, (calls) => (counted += calls));
    const kinds = [longRequest(1), longRequest(2), longRequest(3)];
    const ids = Array.from({ length: 120 }, (_, at) =>
      playRefused(recorder, kinds[at % 3] ?? Buffer.alloc(0), at),
    );
    await expect
      .poll(() => recorder.health().undigestedBytes, { interval: 5, timeout: 20_000 })
      .toBeGreaterThan(0);
    expect(recorder.health()).toMatchObject({ trouble: null, rowsLost: 0, bodiesLost: 0 });
    await recorder.caughtUp();
    expect(recorder.health()).toMatchObject({ undigestedBytes: 0, spilledBytes: 0, queueBytes: 0 });
    const rows = rowsIn(dir);
    expect(rows.map(({ id }) => id)).toEqual(ids);
    expect(new Set(rows.map(({ state, bodies }) => `${state} ${bodies}`))).toEqual(
      new Set(['completed full']),
    );
    // Each repeats the one that asked the same before it.
    expect(rows.map(({ attempt_of: before }) => before)).toEqual(ids.map((_, at) => ids[at - 3] ?? null));
    await expect.poll(() => counted).toBe(120);
  }, 60_000);

  it('leaves to the next process what it has no time for when it is closed', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'weir-overflow-'));
    const recorder = await recorderIn(dir);
    const ids = Array.from({ length: 80 }, (_, at) => playRefused(recorder, longRequest(at), at));
    await recorders.pop()?.close();
    const another = await recorderIn(dir);
    await expect.poll(() => another.health().undigestedBytes, { timeout: 40_000 }).toBe(0);
    await another.caughtUp();
    expect(rowsIn(dir).map(({ id, state }) => [id, state])).toEqual(ids.map((id) => [id, 'completed']));
  }, 60_000);
});
