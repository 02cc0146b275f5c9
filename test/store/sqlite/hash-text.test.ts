import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { readCall } from '../../../server/store/calls.ts';
import { sampleCall, sampleDetails, temporaryStore } from '../temporary-store.ts';

test('a hash takes half of its letters, and is text for who reads it through the store or the view', () => {
  const { store, writer } = temporaryStore();
  const sha256 = createHash('sha256').update('body').digest('hex');
  const { id, ...row } = sampleCall({ request_sha256: sha256, response_sha256: null });
  writer.transaction(() => writer.finishCall(id, row, sampleDetails, []));
  const one = (what: string) => store.sqlite.prepare(`SELECT ${what}`).pluck().get();
  expect(one('length(request_sha256) FROM calls')).toBe(32);
  expect(one('request_sha256 FROM calls_v1')).toBe(sha256);
  expect(one('response_sha256 FROM calls_v1')).toBeNull();
  expect(readCall(store, id)).toMatchObject({ request_sha256: sha256, response_sha256: null });
});

test('what is no hash stays the text that it is', () => {
  const { store, writer } = temporaryStore();
  const { id, ...row } = sampleCall({ request_sha256: 'AB'.repeat(32), response_sha256: '' });
  writer.transaction(() => writer.finishCall(id, row, sampleDetails, []));
  expect(readCall(store, id)).toMatchObject({ request_sha256: 'AB'.repeat(32), response_sha256: '' });
  expect(store.sqlite.prepare('SELECT request_sha256 FROM calls_v1').pluck().get()).toBe('AB'.repeat(32));
});
