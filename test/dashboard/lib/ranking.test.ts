import { expect, it } from 'vitest';
import { rank } from '../../../dashboard/lib/ranking.ts';

const entries = [
  { label: 'Go to Overview', words: 'page' },
  { label: 'model claude-opus-5-5', words: 'filter' },
  { label: 'Overview of views', words: '' },
  { label: 'Preview', words: '' },
];
const labels = (typed: string, most = 9) => rank(entries, typed, most).map(({ label }) => label);

it('has every word somewhere, beginnings first', () => {
  expect(labels('over')).toEqual(['Overview of views', 'Go to Overview']);
  expect(labels('view')).toEqual(['Overview of views', 'Go to Overview', 'Preview']);
  expect(labels('opus filter')).toEqual(['model claude-opus-5-5']);
  expect(labels('OPUS claude')).toEqual(['model claude-opus-5-5']);
  expect(labels('nothing like it')).toEqual([]);
});

it('keeps the order without words, and no more than asked for', () => {
  expect(labels('', 2)).toEqual(['Go to Overview', 'model claude-opus-5-5']);
});
