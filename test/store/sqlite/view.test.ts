import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { temporaryStore } from '../temporary-store.ts';

const documented = [
  ...readFileSync(new URL('../../../docs/record.md', import.meta.url), 'utf8').matchAll(
    /^\| `(\w+)` \| (\w+) \| (.+) \|$/gm,
  ),
].map(([, name = '', type = '', meaning = '']) => ({ name, type, meaning }));

test('every column of the view is documented with the type it has', () => {
  const { store } = temporaryStore();
  const types = store.sqlite
    .prepare('SELECT * FROM calls_v1')
    .columns()
    // What is no column of the table is text that the view makes.
    .map(({ name, type }) => `${name} ${type?.toLowerCase() ?? 'text'}`);
  expect(documented.map(({ name, type }) => `${name} ${type}`)).toEqual(types);
  for (const { name, meaning } of documented) expect(meaning.length, name).toBeGreaterThan(10);
});
