import { expect, test } from 'vitest';
import { translate } from '../../../server/store/postgres/translate.ts';

test.for([
  ['SELECT ? + ?', 'SELECT $1 + $2', [0, 1]],
  [`SELECT '?' AS "what?", ? -- why?`, `SELECT '?' AS "what?", $1 -- why?`, [0]],
  [`SELECT 'it''s ?', ?`, `SELECT 'it''s ?', $1`, [0]],
  ['SELECT @b, @a, @b', 'SELECT $1, $2, $1', ['b', 'a']],
  [
    'insert into "calls" ("id") values (?) on conflict ("calls"."id") do update set "id" = excluded."id"',
    'insert into "calls" ("id") values ($1) ON CONFLICT ("id") do update set "id" = excluded."id"',
    [0],
  ],
  [
    'on conflict ("bodies"."call_id", "bodies"."part") do nothing',
    'ON CONFLICT ("call_id", "part") do nothing',
    [],
  ],
] as const)('%s', ([sql, text, parameters]) => {
  expect(translate(sql)).toEqual({ text, parameters });
});
