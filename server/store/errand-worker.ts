/** The thread of an errand: does the one thing it was started for. */
import { parentPort, workerData } from 'node:worker_threads';
import { workInBackground } from '../background.ts';
import type { Errand, ErrandResult } from './errand.ts';
import { StoreError } from './errors.ts';
import { findDamage } from './inspect.ts';
import { openStore } from './open.ts';
import { sqliteCodeOf } from './sqlite-code.ts';

function run(errand: Errand): readonly string[] {
  const store = openStore(errand.path, 'read');
  try {
    switch (errand.kind) {
      case 'find_damage':
        return findDamage(store);
      case 'copy':
        if (store.engine === 'postgres') {
          throw new StoreError(
            'unsupported',
            `${store.path} is copied by pg_dump: weir backup copies files of SQLite.`,
          );
        }
        // One read transaction: what is committed while it runs is in the next copy. It writes the other file only.
        store.sqlite.pragma('query_only = OFF');
        store.sqlite.prepare('VACUUM INTO ?').run(errand.into);
        return [];
      default:
        return errand satisfies never;
    }
  } finally {
    store.close();
  }
}

function resultOf(errand: Errand): ErrandResult {
  try {
    return { ok: true, lines: run(errand) };
  } catch (error) {
    const code = sqliteCodeOf(error);
    const message = error instanceof Error ? error.message : String(error);
    return { ok: false, message, code, storeCode: error instanceof StoreError ? error.code : null };
  }
}

workInBackground();
// Made by runErrand, in this process.
parentPort?.postMessage(resultOf(workerData as Errand));
