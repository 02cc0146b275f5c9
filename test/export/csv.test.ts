import { describe, expect, test } from 'vitest';
import { encodeCsvHead, encodeCsvRow } from '../../server/export/csv.ts';

function cell(value: unknown, column = 'text'): string {
  return encodeCsvRow([column], { [column]: value });
}

test('a line has the columns in the given order, and ends as RFC 4180 says', () => {
  expect(encodeCsvHead(['a', 'b', 'c'])).toBe('a,b,c\r\n');
  expect(encodeCsvRow(['a', 'b', 'c'], { c: 3, a: 'x', d: 'not asked for' })).toBe('x,,3\r\n');
});

test('unknown is empty, zero is zero', () => {
  expect([cell(null), cell(undefined), cell(0), cell('')]).toEqual(['\r\n', '\r\n', '0\r\n', '\r\n']);
});

test('quotes, commas and line ends stay within their cell', () => {
  expect(cell('say "hi", you')).toBe('"say ""hi"", you"\r\n');
  expect(cell('two\nlines')).toBe('"two\nlines"\r\n');
  expect(cell(' spaces ')).toBe('" spaces "\r\n');
  expect(cell({ a: [1] })).toBe('"{""a"":[1]}"\r\n');
});

describe('money', () => {
  test.each([
    [4_200_000, '0.0042'],
    [1, '0.000000001'],
    [0, '0'],
    [12_000_000_000, '12'],
    [-500_000_000, '-0.5'],
    [9_007_199_254_740_991, '9007199.254740991'],
    [null, ''],
  ])('%s nano-dollars are %s', (nanoUsd, text) => {
    expect(cell(nanoUsd, 'cost_nano_usd')).toBe(`${text}\r\n`);
  });

  test('is named by its unit', () => {
    expect(encodeCsvHead(['cost_nano_usd', 'reported_cost_nano_usd'])).toBe('cost_usd,reported_cost_usd\r\n');
  });
});

describe('a spreadsheet does not run', () => {
  test.each([
    ['=1+1'],
    ['+1'],
    ['-1'],
    ['@SUM(A1)'],
    [' =1+1'],
    ['\t=1'],
    ['＝1+1'],
    ['=HYPERLINK("http://evil.example")'],
  ])('%j', (text) => {
    expect(cell(text).replace(/^"/, '')).toMatch(/^'/);
  });

  test('a name of a column either', () => {
    expect(encodeCsvHead(['tag:x', '=cmd'])).toBe("tag:x,'=cmd\r\n");
  });

  test('and numbers and harmless text stay as they are', () => {
    expect([cell(-5), cell('a=b'), cell('1-2')]).toEqual(['-5\r\n', 'a=b\r\n', '1-2\r\n']);
  });
});
