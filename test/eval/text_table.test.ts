import { expect, test } from 'vitest';
import { tableLines } from '../../src/eval/text_table.js';

const rows = [
  ['nut', '2', 'pass'],
  ['washer', '10', ''],
];

test('columns are as wide as their widest cell, and the last alignment applies to the rest', () => {
  expect(tableLines(['class', 'n', 'verdict'], rows, ['left', 'right'])).toEqual([
    'class    n  verdict',
    'nut      2     pass',
    'washer  10',
  ]);
});

test('titles may be aligned in another way than cells', () => {
  expect(tableLines(['a', 'pixels', ''], rows, ['right'], ['centre'])).toEqual([
    '  a     pixels',
    '   nut       2  pass',
    'washer      10',
  ]);
});

test('without rows, the table is only its head', () => {
  expect(tableLines(['a', 'b'], [], ['left'])).toEqual(['a  b']);
});
