import { describe, expect, test } from 'vitest';
import { fileText } from '../../src/data/file_text.js';

const utf16 = (text: string, big: boolean): number[] =>
  Array.from(text).flatMap((c) => {
    const [low, high] = [c.charCodeAt(0) & 255, c.charCodeAt(0) >> 8];
    return big ? [high, low] : [low, high];
  });
const read = (bytes: readonly number[]) => fileText('f', Uint8Array.from(bytes));

describe('the text of a file', () => {
  const text = '{"class_name": "螺母"}\n';
  test('is read from UTF-8 and UTF-16, with and without a byte-order mark', () => {
    const plain = [...new TextEncoder().encode(text)];
    const forms = [plain, [0xef, 0xbb, 0xbf, ...plain], utf16(text, false), [0xff, 0xfe, ...utf16(text, false)]];
    for (const bytes of [...forms, utf16(text, true), [0xfe, 0xff, ...utf16(text, true)]])
      expect(read(bytes)).toBe(text);
    expect(read([])).toBe('');
    expect(read([0x31])).toBe('1');
  });

  const refused: [what: string, bytes: number[], message: RegExp][] = [
    ['GBK', [0x61, 0x0a, 0xc2, 0xdd, 0xc4, 0xb8], /^f:2: not UTF-8 \(perhaps GBK.*save it as UTF-8/],
    ['gzip', [0x1f, 0x8b, 8, 0], /^f: a gzip file, not text: unpack it/],
    ['a spreadsheet', [0x50, 0x4b, 3, 4, 20], /^f: a zip file or a spreadsheet, not text/],
    ['UTF-32', [0xff, 0xfe, 0, 0, 0x61, 0, 0, 0], /^f: saved as UTF-32: save it as UTF-8$/],
  ];
  test.each(refused)('in %s is refused with the remedy', (_, bytes, message) => {
    expect(() => read(bytes)).toThrow(message);
  });
});
