import { describe, expect, test } from 'vitest';
import { csvRows } from '../../src/data/csv.js';
import { foreignKind, foreignRows } from '../../src/data/foreign_lists.js';
import { parseMetadata } from '../../src/data/metadata.js';

const read = (text: string, split?: string) => foreignRows('f', text, split, 'thing');
const entry = (name: string, anomaly: number) => ({
  img_path: `bolt/test/${name}.png`,
  mask_path: anomaly ? `bolt/gt/${name}.png` : '',
  cls_name: 'bolt',
  specie_name: 'cut',
  anomaly,
});
const meta = JSON.stringify({ train: { bolt: [entry('t', 0)] }, test: { bolt: [entry('a', 0), entry('b', 1)] } });
const rows = [
  { imagePath: 'bolt/test/a.png', label: 0, className: 'bolt' },
  { imagePath: 'bolt/test/b.png', label: 1, className: 'bolt', maskPath: 'bolt/gt/b.png', defectType: 'cut' },
];

describe('the list of another program', () => {
  test('such as meta.json gives its test part, or another one', () => {
    const got = read(meta);
    expect(got.rows).toEqual(rows);
    expect(got.notes).toEqual(['1 sample of other parts than test is left out (--split all)']);
    expect(read(meta, 'all').rows).toHaveLength(3);
    expect(read(meta, 'train').rows.map((r) => r.imagePath)).toEqual(['bolt/test/t.png']);
    expect(() => read(meta, 'val')).toThrow(/^f: --split: expected one of train, test, all, got "val"$/);
  });

  test('as CSV is read by its titles', () => {
    const anomalib =
      ',image_path,label,label_index,mask_path,split\r\n0,a.png,normal,0,,test\r\n1,"b ""x"", 1.png",crack,1,m.png,test\r\n';
    expect(read(`\ufeff${anomalib}`).rows).toEqual([
      { imagePath: 'a.png', label: 0, className: 'thing' },
      { imagePath: 'b "x", 1.png', label: 1, className: 'thing', maskPath: 'm.png' },
    ]);
    const visa =
      'object;split;label;image;mask\ncandle;train;normal;n.JPG;\ncandle;test;normal;a\\b.JPG;\ncandle;test;anomaly;c.JPG;c.png';
    expect(read(visa).rows).toEqual([
      { imagePath: 'a/b.JPG', label: 0, className: 'candle' },
      { imagePath: 'c.JPG', label: 1, className: 'candle', maskPath: 'c.png' },
    ]);
    expect(read('image,label\na.png,good\nb.png,scratch').rows).toEqual([
      { imagePath: 'a.png', label: 0, className: 'thing' },
      { imagePath: 'b.png', label: 1, className: 'thing', defectType: 'scratch' },
    ]);
  });

  test('as objects with other keys is read, line by line or as an array', () => {
    const lines = [
      '{"filename": "a.png", "label": 0, "clsname": "01"}',
      '{"filename": "b.png", "label": 1, "clsname": "01", "maskname": "m.png"}',
    ];
    const want = [
      { imagePath: 'a.png', label: 0, className: '01' },
      { imagePath: 'b.png', label: 1, className: '01', maskPath: 'm.png' },
    ];
    expect(read(lines.join('\n')).rows).toEqual(want);
    expect(read(`[${lines.join(',')}]`).rows).toEqual(want);
    expect(read(lines[0]!).rows).toHaveLength(1);
  });

  const bad: [what: string, text: string, message: RegExp][] = [
    ['no column of pictures', 'a,b\n1,2', /^f: no column of pictures: expected a title such as image_path/],
    ['an entry without a picture', 'image,label\n,0', /^f:2: no picture: expected image_path, got nothing$/],
    ['an entry without a label', 'image,label\na.png,', /^f:2: bad label: .* got nothing$/],
    [
      'a kind where nothing is good',
      'image,label\na.png,crack',
      /^f:2: bad label: expected 0, 1, or a word .* got "crack"$/,
    ],
    ['no samples', '{"test": {"bolt": []}}', /^f: no samples/],
    ['a number for a list', '{"test": {"bolt": 5}}', /^f: test, bolt: expected a list of samples, got 5$/],
    ['broken JSON', '{"filename": "a"}\n{x', /^f:2: not JSON/],
    ['no text', '', /^f: no column of pictures/],
    ['a prototype for a class', '{"__proto__": 5}', /^f: __proto__: expected a list of samples, got 5$/],
    [
      'deep nesting',
      `[${'['.repeat(20000)}${']'.repeat(20000)}]`,
      /^f: the list, entry 1: expected an object, got an array nested too deeply$/,
    ],
  ];
  test.each(bad)('with %s is refused in a line', (_, text, message) => {
    expect(() => read(text)).toThrow(message);
  });

  test('is recognised where a list of samples is expected, and none of our own is', () => {
    for (const text of [
      meta,
      JSON.stringify(JSON.parse(meta), null, 2),
      'image_path,label\na,0',
      '{"filename": "a"}',
    ]) {
      expect(() => parseMetadata('f', text)).toThrow(
        /^f: .*convert it with "aaclip index DATA_FOLDER --from f --out FOLDER"$/,
      );
    }
    const own = '{"bbox": [1], "filename": "x", "image_path": "a.png", "label": 0, "class_name": "c"}';
    expect(foreignKind(own)).toBeUndefined();
    expect(parseMetadata('f', own)).toHaveLength(1);
  });
});

test('tables are read with quotation marks, line feeds within them, and their line numbers', () => {
  expect(csvRows('a\tb\n\n"x\ny"\t 2 \r\nz\t"3"\r4\t')).toEqual([
    { line: 1, cells: ['a', 'b'] },
    { line: 3, cells: ['x\ny', '2'] },
    { line: 5, cells: ['z', '3'] },
    { line: 6, cells: ['4', ''] },
  ]);
});
