import { once } from 'node:events';
import { fork } from 'node:child_process';
import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import {
  BadCursor,
  BadQuestion,
  QuestionTooSlow,
  ReaderUnavailable,
  StoreError,
} from '../../server/reader/questions.ts';
import { openStore } from '../../server/store/open.ts';
import { createWriter } from '../../server/store/write.ts';
import { sampleCall, storeCalls, temporaryFolder, temporaryStore } from '../store/temporary-store.ts';
import { reading } from './reading.ts';

const page = { filters: {}, limit: 10, cursor: null };

test('it answers every question about what is committed, also what came after it started', async () => {
  const { writer, path } = temporaryStore();
  const reader = reading(path);
  expect(reader.pid).toBeNull();
  const [first = ''] = storeCalls(writer, [sampleCall({ model: 'm', output_tokens: 4, user_id: 'ada' })]);
  expect((await reader.ask('calls', page)).items.map((call) => call.id)).toEqual([first]);
  const [second = ''] = storeCalls(writer, [sampleCall({ model: 'm', output_tokens: 5 })]);
  expect((await reader.ask('calls', page)).items.map((call) => call.id)).toEqual([second, first]);
  expect(await reader.ask('call', { id: first })).toMatchObject({ user_id: 'ada', previous_id: second });
  expect(await reader.ask('call', { id: 'nobody' })).toBeNull();
  const stats = await reader.ask('stats', {
    filters: {},
    metrics: ['calls', 'output_tokens'],
    groupBy: ['model'],
    bucket: null,
    tz: 'UTC',
    comparePrevious: false,
  });
  expect(stats.rows).toEqual([{ model: 'm', calls: 2, output_tokens: 9 }]);
  expect((await reader.ask('facets', { filters: {} })).facets['user']).toContainEqual({
    value: 'ada',
    count: 1,
  });
  const size = await reader.ask('size', {});
  expect(size.calls).toBe(2);
  expect(size.bytes).toBeGreaterThan(8192);
});

test('questions asked at once get each its own answer', async () => {
  const { writer, path } = temporaryStore();
  const ids = storeCalls(
    writer,
    Array.from({ length: 40 }, () => sampleCall()),
  );
  const reader = reading(path);
  const answers = await Promise.all(ids.map((id) => reader.ask('call', { id })));
  expect(answers.map((answer) => answer?.id)).toEqual(ids);
});

test('errors cross the border with their types', async () => {
  const { path } = temporaryStore();
  const reader = reading(path);
  await expect(reader.ask('calls', { ...page, cursor: 'x' })).rejects.toBeInstanceOf(BadCursor);
  await expect(reader.ask('calls', { ...page, filters: { status: ['ok'] } })).rejects.toBeInstanceOf(
    BadQuestion,
  );
});

test('a store that is not there yet is an error with its code, and is read once it is there', async () => {
  const path = join(temporaryFolder(), 'weir.db');
  const reader = reading(path);
  const error: unknown = await reader.ask('calls', page).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(StoreError);
  expect(error).toMatchObject({ code: 'wrong_path' });
  const store = openStore(path, 'write');
  onTestFinished(() => store.close());
  expect((await reader.ask('calls', page)).items).toEqual([]);
});

test('another file in the place of the first one is read from then on', async () => {
  const { store, writer, path } = temporaryStore();
  storeCalls(writer, [sampleCall({ id: 'old' })]);
  const reader = reading(path);
  expect((await reader.ask('calls', page)).items.map((call) => call.id)).toEqual(['old']);
  store.close();
  for (const part of ['', '-wal', '-shm'])
    if (existsSync(path + part)) renameSync(path + part, `${path}.damaged${part}`);
  const fresh = openStore(path, 'write');
  onTestFinished(() => fresh.close());
  storeCalls(createWriter(fresh), [sampleCall({ id: 'new' })]);
  expect((await reader.ask('calls', page)).items.map((call) => call.id)).toEqual(['new']);
});

test('a process that is killed is replaced, and the questions it had are answered all the same', async () => {
  const { writer, path } = temporaryStore();
  const ids = storeCalls(
    writer,
    Array.from({ length: 30 }, () => sampleCall()),
  );
  const reader = reading(path);
  await reader.ask('size', {});
  const { pid } = reader;
  const answers = ids.map((id) => reader.ask('call', { id }));
  process.kill(pid ?? 0, 'SIGKILL');
  expect((await Promise.all(answers)).map((answer) => answer?.id)).toEqual(ids);
  expect(reader.pid).not.toBe(pid);
});

test('a question past its limit is ended with its process; the ones behind it are answered by a new one', async () => {
  const { writer, path } = temporaryStore();
  const tags = JSON.stringify(
    Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`name${index}`, 'v'])),
  );
  const [id = ''] = storeCalls(
    writer,
    Array.from({ length: 10_000 }, () => sampleCall({ tags })),
  );
  const reader = reading(path, 1500);
  expect(await reader.ask('call', { id })).toMatchObject({ id });
  const { pid } = reader;
  // Two hundred million comparisons: seconds on any machine.
  const tag = Array.from({ length: 100 }, (_, index) => `name=${index}*`);
  const slow = expect(reader.ask('facets', { filters: { tag } })).rejects.toBeInstanceOf(QuestionTooSlow);
  const behind = reader.ask('call', { id });
  await slow;
  expect(await behind).toMatchObject({ id });
  expect(reader.pid).not.toBe(pid);
  expect(() => process.kill(pid ?? 0, 0)).toThrow(/ESRCH/);
});

test('closing rejects what is waiting, ends the process, and may be done twice', async () => {
  const { path } = temporaryStore();
  const reader = reading(path);
  await reader.ask('size', {});
  const { pid } = reader;
  const waiting = [reader.ask('size', {}), reader.ask('facets', { filters: {} })];
  const outcomes = Promise.allSettled(waiting);
  await reader.close();
  for (const outcome of await outcomes) {
    expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(ReaderUnavailable) as unknown });
  }
  expect(() => process.kill(pid ?? 0, 0)).toThrow(/ESRCH/);
  await expect(reader.ask('size', {})).rejects.toBeInstanceOf(ReaderUnavailable);
  await reader.close();
});

test('the process survives Ctrl-C and ends when its parent goes', async () => {
  const { path } = temporaryStore();
  const child = fork(fileURLToPath(new URL('../../server/reader/child.ts', import.meta.url)), [], {
    serialization: 'advanced',
    execArgv: [],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  expect(await once(child, 'message')).toContain('ready');
  child.kill('SIGINT');
  child.kill('SIGTERM');
  child.send({ kind: 'setup', target: path, prices: null });
  child.send({ id: 1, name: 'size', args: {} });
  expect((await once(child, 'message'))[0]).toMatchObject({ id: 1, ok: true, answer: { calls: 0 } });
  child.disconnect();
  expect(await once(child, 'exit')).toEqual([0, null]);
});

test('a process that is asked nothing for a while is ended, and the next question has another one', async () => {
  const { writer, path } = temporaryStore();
  storeCalls(writer, [sampleCall()]);
  const reader = reading(path, 15_000, 50);
  expect((await reader.ask('size', {})).calls).toBe(1);
  await expect.poll(() => reader.pid).toBeNull();
  expect((await reader.ask('size', {})).calls).toBe(1);
});
