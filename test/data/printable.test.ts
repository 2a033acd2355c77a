import { expect, test } from 'vitest';
import { printable } from '../../src/data/printable.js';

test('text from outside stays in its line, keeps its colour and its direction', () => {
  const name = 'a\nb\r\tc\u001b[31md\u0000\u007f\u009b1m\u2028e\u202egnp.f\u2066\ufeff';
  expect(printable(name)).toBe('a\\nb\\r\\tc\\x1b[31md\\x00\\x7f\\x9b1m\\u2028e\\u202egnp.f\\u2066\\ufeff');
  expect(printable('Prüfteil 漢字 😀 "x" \\n')).toBe('Prüfteil 漢字 😀 "x" \\n');
});
