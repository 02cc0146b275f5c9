import { describe, expect, it } from 'vitest';
import type { StatsRow } from '../../../server/api/wire.ts';
import { errorParts } from '../../../dashboard/lib/errors.ts';

function row(state: string, status: number | null, calls: number, errors: number): StatsRow {
  return { state, status, calls, errors };
}

const fine = row('completed', 200, 90, 0);

describe('errorParts', () => {
  it('tells error statuses, broken calls and errors inside a whole stream apart', () => {
    const rows = [
      row('completed', 200, 92, 2),
      row('completed', 529, 3, 3),
      row('failed', null, 1, 1),
      row('aborted', 200, 4, 4),
    ];
    expect(errorParts(rows).map(({ label, calls }) => [label, calls])).toEqual([
      ['by status', 3],
      ['broken off', 5],
      ['in the stream', 2],
    ]);
  });

  it('leaves out kinds that do not occur', () => {
    expect(errorParts([fine])).toEqual([]);
  });
});
