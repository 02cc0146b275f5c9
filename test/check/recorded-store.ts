/** A store with a few calls in it, written by the recorder as it writes all of them. */
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { onTestFinished } from 'vitest';
import { createSeal } from '../../server/store/seal.ts';
import { addDetailText } from '../../server/store/detail-text.ts';
import { startRecorder } from '../../server/recorder/recorder.ts';
import {
  exchangeEnd,
  exchangeHead,
  exchangeOpen,
  play,
  sampleAnswer,
  sampleRequest,
} from '../support/exchanges.ts';

export interface RecordedStore {
  readonly path: string;
  /** With the secret of the installation that recorded it. */
  readonly dataDir: string;
  /** A whole call with bodies, usage and cost. */
  readonly id: string;
  /** Runs SQL on the file, as somebody who damages it by hand would. */
  damage(sql: string): void;
}

const secret = Buffer.alloc(32, 7);
let template: Promise<{ dir: string; id: string }> | null = null;

/** A copy of its own for the test that asks. */
export async function recordedStore(): Promise<RecordedStore> {
  const { dir, id } = await (template ??= recordTemplate());
  const own = mkdtempSync(join(tmpdir(), 'weir-check-'));
  onTestFinished(() => rmSync(own, { recursive: true, force: true }));
  const path = join(own, 'weir.db');
  // The recorder has closed it: there is no log beside it.
  cpSync(join(dir, 'weir.db'), path);
  writeFileSync(join(own, 'secret'), secret.toString('hex'));
  return {
    path,
    dataDir: own,
    id,
    damage: (sql) => {
      const database = new Database(path);
      addDetailText(database);
      try {
        database.exec(sql.replaceAll(':id', `'${id}'`));
      } finally {
        database.close();
      }
    },
  };
}

async function recordTemplate(): Promise<{ dir: string; id: string }> {
  const dir = mkdtempSync(join(tmpdir(), 'weir-check-'));
  process.once('exit', () => rmSync(dir, { recursive: true, force: true }));
  const recorder = await startRecorder({
    target: join(dir, 'weir.db'),
    durability: 'normal',
    seal: createSeal(secret),
    spillDir: join(dir, 'spill'),
    prices: null,
    reportStages: false,
    onRows: () => undefined,
    onTrouble: () => undefined,
  });
  const id = play(recorder, sampleRequest, sampleAnswer);
  play(recorder, sampleRequest, sampleAnswer, { bodies: 'metadata' });
  play(recorder, '', '{"type":"error"}');
  const failed = recorder.open(exchangeOpen());
  failed.chunk('request', Buffer.from(sampleRequest), 100);
  failed.end(
    exchangeEnd({
      state: 'failed',
      errorKind: 'connect_refused',
      requestBytes: Buffer.byteLength(sampleRequest),
    }),
  );
  const left = recorder.open(exchangeOpen());
  left.chunk('request', Buffer.from(sampleRequest), 100);
  left.head(exchangeHead());
  await recorder.close();
  return { dir, id };
}
