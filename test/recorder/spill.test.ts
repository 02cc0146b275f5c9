import { basename } from 'node:path';
import { expect, test } from 'vitest';
import { spillFolder } from '../../server/recorder/spill.ts';

test('what waits for a store in the data directory moves with both; each other store has a folder of its own', () => {
  const at = (dir: string, target: string): string => basename(spillFolder(`${dir}/spill`, target));
  expect(at('/one', '/one/weir.db')).toBe(at('/two', '/two/weir.db'));
  const server = 'postgres://weir@db.example.org/weir.db';
  const others = ['/one/team/weir.db', '/else/weir.db', '/one..else/weir.db', '/weir.db', server];
  expect(new Set(others.map((target) => at('/one', target))).size).toBe(others.length);
  expect(others.map((target) => at('/one', target))).not.toContain(at('/one', '/one/weir.db'));
  for (const target of others.slice(1)) expect(at('/two', target)).toBe(at('/one', target));
});
