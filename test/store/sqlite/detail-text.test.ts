import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readCall } from '../../../server/store/calls.ts';
import { packText, unpackText } from '../../../server/store/detail-text.ts';
import { sampleCall, temporaryStore } from '../temporary-store.ts';

const headers = JSON.stringify([
  'host',
  'api.anthropic.com',
  'content-type',
  'application/json',
  'x-app',
  'cli',
]);

describe('detail texts', () => {
  test('come back as they were, also with lone surrogates', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        for (const whole of [text, `${headers}${text}`, `${headers}\ud800`])
          expect(unpackText(packText(whole))).toBe(whole);
      }),
    );
  });

  test('of usual headers are small, and a short one stays text', () => {
    expect(packText(headers).length).toBeLessThan(headers.length / 2);
    expect(packText('[]')).toBe('[]');
  });

  test('are texts to whoever reads the record, and to SQL', () => {
    const { store, writer } = temporaryStore();
    const { id, ...row } = sampleCall();
    const lines = JSON.stringify([
      { class: 'input', quantity: 4, amount_nano_usd: '12000' },
      { class: 'output' },
    ]);
    writer.finishCall(id, row, { request_headers: headers, cost_lines: lines }, []);
    expect(readCall(store, id)?.request_headers).toHaveLength(3);
    const read = store.sqlite.prepare(
      'SELECT detail_text(cost_lines) AS lines, detail_text(usage) AS usage FROM call_details',
    );
    expect(read.get()).toEqual({ lines, usage: null });
    store.sqlite.exec("UPDATE call_details SET cost_lines = x'01ff'");
    expect(read.get()).toEqual({ lines: null, usage: null });
  });

  test('of a version that is not known are refused', () => {
    expect(() => unpackText(Buffer.of(9, 9))).toThrow(/version/);
  });
});
