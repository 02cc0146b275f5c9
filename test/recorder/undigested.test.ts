import { appendFileSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { EndedCall, KeptBody } from '../../server/recorder/assembly.ts';
import { encodeCall } from '../../server/recorder/call-record.ts';
import { recordOf } from '../../server/recorder/segment-files.ts';
import { Undigested } from '../../server/recorder/undigested.ts';
import { exchangeEnd, exchangeHead, exchangeOpen } from '../support/exchanges.ts';

function body(...chunks: readonly (readonly [string, number])[]): KeptBody {
  const timed = chunks.map(([text, atUs]) => ({ bytes: Buffer.from(text, 'latin1'), atUs }));
  return {
    chunks: timed,
    keptBytes: timed.reduce((sum, { bytes }) => sum + bytes.byteLength, 0),
    whole: true,
    sha256: 'a'.repeat(64),
  };
}

function endedCall(change: Partial<EndedCall> = {}): EndedCall {
  return {
    open: exchangeOpen({ requestHeaders: ['X-Ünusual', '\u0000\ud800"\\'], query: 'a=1' }),
    head: exchangeHead(),
    end: exchangeEnd({ detail: 'it broke' }),
    request: body(['{"a":', 0], ['1}', 7]),
    response: body(['\u0000\u00ff', 9], ['', 10], ['event: x\n\n', 5_000_000_000]),
    ...change,
  };
}

function place(): { readonly dir: string; readonly unreadable: string[]; readonly open: () => Undigested } {
  const dir = mkdtempSync(join(tmpdir(), 'weir-undigested-'));
  const unreadable: string[] = [];
  return { dir, unreadable, open: () => new Undigested(dir, (keptAs) => unreadable.push(keptAs)) };
}

describe('calls that nobody has looked into', () => {
  it('come back as they were, in their order, to another process too', () => {
    const { open } = place();
    const calls = [
      endedCall(),
      endedCall({ head: null, request: body(), response: { ...body(), whole: false, sha256: null } }),
      endedCall(),
    ];
    const first = open();
    first.append(calls.slice(0, 2));
    first.append(calls.slice(2));
    first.close();
    const second = open();
    expect(second.bytes).toBe(first.bytes);
    expect([second.next(), second.next(), second.next(), second.next()]).toEqual([...calls, null]);
    second.again();
    expect(second.next()).toEqual(calls[0]);
    second.done();
    expect(second.bytes).toBeLessThan(first.bytes);
    expect(second.next()).toEqual(calls[1]);
    expect(open().next()).toEqual(calls[0]);
    expect(second.next()).toEqual(calls[2]);
    second.done();
    expect([second.isEmpty, second.bytes, second.next()]).toEqual([true, 0, null]);
  });

  it('go into another file while one is read', () => {
    const { dir, open } = place();
    const [one, other] = [endedCall(), endedCall()];
    const waiting = open();
    waiting.append([one]);
    expect(waiting.next()).toEqual(one);
    waiting.append([other]);
    expect(waiting.next()).toBe(null);
    waiting.done();
    expect(waiting.next()).toEqual(other);
    waiting.done();
    expect([waiting.isEmpty, readdirSync(dir)]).toEqual([true, []]);
  });

  it('are kept aside where they cannot be read: cut off, or of another version', () => {
    const { dir, open, unreadable } = place();
    const [one, other] = [endedCall(), endedCall()];
    const record = (call: EndedCall): Buffer => Buffer.concat(recordOf(encodeCall(call)));
    const foreign = Buffer.concat(recordOf([Buffer.from([9, 0, 0, 0]), Buffer.from('{"version":2}')]));
    writeFileSync(join(dir, '00000001.calls'), Buffer.concat([record(one), foreign, record(other)]));
    writeFileSync(join(dir, '00000002.calls'), record(one).subarray(0, -1));
    const waiting = open();
    const found: ReturnType<Undigested['next']>[] = [];
    while (!waiting.isEmpty) {
      found.push(waiting.next());
      waiting.done();
    }
    expect(found).toEqual([one, other, null]);
    expect(unreadable).toHaveLength(2);
    expect(readdirSync(dir).map((name) => join(dir, name))).toEqual(unreadable);
  });

  it('are not looked into after three have died of one, and kept aside after five; what is before and behind goes on', () => {
    const { dir, open, unreadable } = place();
    const [one, deadly, other] = [endedCall(), endedCall(), endedCall()];
    open().append([one, deadly, other]);
    const seen: (readonly [EndedCall | null, boolean])[] = [];
    for (let process = 0; process < 6; process++) {
      const waiting = open();
      expect([waiting.next(), waiting.isSuspicious]).toEqual([one, process > 0]);
      waiting.done();
      seen.push([waiting.next(), waiting.isDeadly]);
    }
    const ends = [false, false, false, true, true].map((isDeadly) => [deadly, isDeadly]);
    expect(seen).toEqual([...ends, [other, false]]);
    const last = open();
    for (const call of [other, null]) {
      expect(last.next()).toEqual(call);
      last.done();
    }
    expect(unreadable).toHaveLength(1);
    expect(readdirSync(dir).map((name) => join(dir, name))).toEqual(unreadable);
  });

  it('are gone when somebody has deleted their file or spoilt it', () => {
    const { dir, open, unreadable } = place();
    appendFileSync(join(dir, '00000001.calls'), '');
    expect([open().next(), unreadable]).toEqual([null, []]);
  });
});
