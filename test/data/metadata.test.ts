import { describe, expect, test } from 'vitest';
import { byClass, parseMetadata } from '../../src/data/metadata.js';

const row = (extra: Record<string, unknown> = {}) =>
  JSON.stringify({ image_path: 'a.png', label: 0, class_name: 'x', ...extra });

describe('a list of samples', () => {
  test('is read with its oddities', () => {
    const text = [
      '\ufeff{"image_path": "01/test/ok/1.bmp", "label": 0.0, "class_name": "01"}\r',
      '{"label": 1.0, "mask_path": "01/gt/ü 2.png", "class_name": "01", "image_path": "01/test/ko/2.JPG", "split": "test"}\r',
      '\r',
      '{"image_path": "b.png", "label": 1, "class_name": "cup", "mask_path": ""}',
      '{"image_path": "c.png", "label": 1, "class_name": "cup", "mask_path": null}',
    ].join('\n');
    expect(parseMetadata('list.jsonl', text)).toEqual([
      { imagePath: '01/test/ok/1.bmp', label: 0, className: '01', line: 1 },
      { imagePath: '01/test/ko/2.JPG', label: 1, className: '01', maskPath: '01/gt/ü 2.png', line: 2 },
      { imagePath: 'b.png', label: 1, className: 'cup', line: 4 },
      { imagePath: 'c.png', label: 1, className: 'cup', line: 5 },
    ]);
  });

  test('may end without a line feed or with several', () => {
    expect(parseMetadata('l', row())).toHaveLength(1);
    expect(parseMetadata('l', `${row()}\n${row()}\n\n\n`)).toHaveLength(2);
  });

  const bad: [what: string, text: string, message: RegExp][] = [
    ['broken JSON', '{"image_path": ', /^l:2: not JSON: expected one object .* got "\{\\"image_path\\": "$/],
    ['an array', '[1]', /^l:2: not a sample: .* got \[1\]$/],
    ['null', 'null', /^l:2: not a sample/],
    ['no path', row({ image_path: undefined }), /^l:2: bad "image_path": expected a path, got nothing$/],
    ['a blank path', row({ image_path: ' ' }), /bad "image_path"/],
    ['no label', row({ label: undefined }), /^l:2: bad "label": expected 0 or 1, got nothing$/],
    ['another label', row({ label: 2 }), /got 2$/],
    ['a label in words', row({ label: 'bad' }), /got "bad"$/],
    [
      'a class that is a number',
      row({ class_name: 1 }),
      /bad "class_name": expected a name in quotation marks, got 1$/,
    ],
    ['a blank class', row({ class_name: '' }), /bad "class_name"/],
    ['a mask that is not a path', row({ mask_path: 5 }), /bad "mask_path": expected a path, got 5$/],
  ];
  test.each(bad)('with %s is refused by file and line', (_, text, message) => {
    expect(() => parseMetadata('l', `${row()}\n${text}\n${row()}`)).toThrow(message);
  });

  test('may have commas behind its objects, or be one array of them', () => {
    expect(parseMetadata('l', `${row()},\n${row()} , \n`)).toHaveLength(2);
    const array = `[\n${row()},\n${row({ label: 1 })}\n]\n`;
    expect(parseMetadata('l', array).map(({ label, line }) => [label, line])).toEqual([
      [0, 1],
      [1, 2],
    ]);
    expect(() => parseMetadata('l', `[${row()}, ${row({ label: 2 })}]`)).toThrow(/^l:2: bad "label"/);
  });

  test('with odd JSON is refused in a line', () => {
    const deep = `${'['.repeat(20000)}${']'.repeat(20000)}`;
    expect(() => parseMetadata('l', `${row()}\n${deep}`)).toThrow(
      /^l:2: not a sample: .* got an array nested too deeply$/,
    );
    expect(() => parseMetadata('l', deep)).toThrow(/^l:1: not a sample/);
    expect(() => parseMetadata('l', `{"image_path": ${deep}}`)).toThrow(/bad "image_path".*nested too deeply$/);
    expect(() => parseMetadata('l', '{"__proto__": {"image_path": "a", "label": 0, "class_name": "c"}}')).toThrow(
      /^l:1: /,
    );
    expect(() => parseMetadata('l', "{'image_path': 'a.png'}")).toThrow(
      /^l:1: not JSON.*: write quotation marks as "$/,
    );
  });

  test('without samples is refused', () => {
    expect(() => parseMetadata('few.jsonl', '\n \n')).toThrow(/^few\.jsonl: empty list: expected/);
  });

  test('long lines are cut in messages', () => {
    expect(() => parseMetadata('l', 'y'.repeat(5000))).toThrow(/^.{1,200}$/);
  });
});

test('samples are grouped by class in the order of the list', () => {
  const names = ['b', 'a', 'b', '10', 'a'];
  const groups = byClass(parseMetadata('l', names.map((n) => row({ class_name: n })).join('\n')));
  expect([...groups].map(([name, group]) => [name, group.map((s) => s.line)])).toEqual([
    ['b', [1, 3]],
    ['a', [2, 5]],
    ['10', [4]],
  ]);
});
