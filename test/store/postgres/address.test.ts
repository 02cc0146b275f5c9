import { expect, test } from 'vitest';
import { shownTarget, withoutPassword } from '../../../server/store/postgres/address.ts';

test.for([
  ['postgres://db/weir', 'postgres://db/weir', 'postgres://db/weir', null],
  ['postgres://ada@db:5/weir', 'postgres://ada@db:5/weir', 'postgres://ada@db:5/weir', null],
  ['postgresql://ada:p%40ss@db/weir', 'postgresql://ada:***@db/weir', 'postgresql://ada@db/weir', 'p@ss'],
  ['postgres://ada:p@s:s@db/weir', 'postgres://ada:***@db/weir', 'postgres://ada@db/weir', 'p@s:s'],
  ['postgres://:p@/weir', 'postgres://:***@/weir', 'postgres://@/weir', 'p'],
  ['postgres://db/weir?password=p', 'postgres://db/weir?password=***', 'postgres://db/weir', 'p'],
  [
    'postgres://db/weir?password=p&sslmode=require',
    'postgres://db/weir?password=***&sslmode=require',
    'postgres://db/weir?sslmode=require',
    'p',
  ],
  [
    'postgres://db/weir?sslmode=require&password=p',
    'postgres://db/weir?sslmode=require&password=***',
    'postgres://db/weir?sslmode=require',
    'p',
  ],
  ['/tmp/a:b@c.db', '/tmp/a:b@c.db', '/tmp/a:b@c.db', null],
] as const)('%s', ([target, shown, address, password]) => {
  expect(shownTarget(target)).toBe(shown);
  expect(withoutPassword(target)).toEqual({ address, password });
});
