import { describe, expect, test } from 'vitest';
import { indexFolder } from '../../src/data/index_folder.js';
import type { Layout } from '../../src/data/index_layouts.js';
import { indexNotes, metadataText, type SampleRow } from '../../src/data/index_rows.js';
import { parseMetadata } from '../../src/data/metadata.js';
import { drawShots } from '../../src/data/shots.js';

const index = (layout: Layout, paths: readonly string[], visaSplit?: string) => {
  const found = indexFolder(paths, { layout, className: 'thing', visaSplit });
  return { ...found, notes: indexNotes(found) };
};

/** Rows as `class label image mask`. */
const told = (rows: readonly SampleRow[]) =>
  rows.map(({ className, label, imagePath, maskPath }) => `${className} ${label} ${imagePath} ${maskPath ?? '-'}`);

describe('the list of a data set', () => {
  const cases: [layout: Layout, paths: string[], want: string[], notes: RegExp[]][] = [
    [
      'mvtec',
      [
        'bottle/ground_truth/broken_large/000_mask.png',
        'bottle/test/broken_large/000.png',
        'bottle/test/good/000.png',
        'bottle/train/good/000.png',
        'metal_nut/ground_truth/bent/007_mask.png',
        'metal_nut/test/bent/007.png',
        'metal_nut/test/bent/008.png',
      ],
      [
        'bottle 1 bottle/test/broken_large/000.png bottle/ground_truth/broken_large/000_mask.png',
        'bottle 0 bottle/test/good/000.png -',
        'metal_nut 1 metal_nut/test/bent/007.png metal_nut/ground_truth/bent/007_mask.png',
        'metal_nut 1 metal_nut/test/bent/008.png -',
      ],
      [
        /^1 picture does not belong to the list and is left out \(bottle\/train\/good\/000\.png\)$/,
        /^1 abnormal picture has no mask \(metal_nut\/test\/bent\/008\.png\)/,
      ],
    ],
    [
      'btad',
      ['01/ground_truth/ko/0001.png', '01/test/ko/0001.bmp', '01/test/ok/0000.bmp', '01/train/ok/0000.bmp'],
      ['01 1 01/test/ko/0001.bmp 01/ground_truth/ko/0001.png', '01 0 01/test/ok/0000.bmp -'],
      [/left out/],
    ],
    [
      'visa',
      ['candle/Data/Images/Anomaly/000.JPG', 'candle/Data/Images/Normal/0790.JPG', 'candle/Data/Masks/Anomaly/000.png'],
      [
        'candle 1 candle/Data/Images/Anomaly/000.JPG candle/Data/Masks/Anomaly/000.png',
        'candle 0 candle/Data/Images/Normal/0790.JPG -',
      ],
      [],
    ],
    [
      'mvtec2',
      [
        'can/test_private/000.png',
        'can/test_public/bad/000_overexposed.png',
        'can/test_public/good/001_regular.png',
        'can/test_public/ground_truth/bad/000_overexposed_mask.png',
        'can/train/good/000_regular.png',
      ],
      [
        'can 1 can/test_public/bad/000_overexposed.png can/test_public/ground_truth/bad/000_overexposed_mask.png',
        'can 0 can/test_public/good/001_regular.png -',
      ],
      [/^2 pictures do not belong to the list/],
    ],
    [
      'bmad',
      ['test/Ungood/anomaly_mask/7.png', 'test/Ungood/img/7.png', 'test/good/img/1.png'],
      ['thing 1 test/Ungood/img/7.png test/Ungood/anomaly_mask/7.png', 'thing 0 test/good/img/1.png -'],
      [],
    ],
    ['polyp', ['images/a.png', 'masks/a.png'], ['thing 1 images/a.png masks/a.png'], []],
    [
      'folder',
      [
        'nut/bent/1.png',
        'nut/GOOD/1.png',
        'nut/masks/bent/1.png',
        'nut/masks/stray.png',
        'nut/overview.png',
        'pill/anomaly/a.jpg',
        'pill/anomaly/b.jpg',
        'pill/ground_truth/a_mask.png',
        'pill/ok/a.jpg',
      ],
      [
        'nut 1 nut/bent/1.png nut/masks/bent/1.png',
        'nut 0 nut/GOOD/1.png -',
        'pill 1 pill/anomaly/a.jpg pill/ground_truth/a_mask.png',
        'pill 1 pill/anomaly/b.jpg -',
        'pill 0 pill/ok/a.jpg -',
      ],
      [
        /^1 picture does not belong .*overview/,
        /^1 abnormal .*b\.jpg/,
        /^1 mask belongs to no abnormal picture \(nut\/masks\/stray\.png\)$/,
      ],
    ],
  ];
  test.each(cases)('laid out as %s names class, state and mask', (layout, paths, want, notes) => {
    const got = index(layout, paths);
    expect(told(got.rows)).toEqual(want);
    expect(got.notes).toHaveLength(notes.length);
    notes.forEach((note, i) => {
      expect(got.notes[i]).toMatch(note);
    });
  });

  test('of one class alone needs no class folder', () => {
    const got = index('folder', ['bad/x.png', 'good/x.png', 'masks/x-mask.png', 'train/good/z.png']);
    expect(told(got.rows)).toEqual([
      'thing 1 bad/x.png masks/x-mask.png',
      'thing 0 good/x.png -',
      'thing 0 train/good/z.png -',
    ]);
    expect(told(index('mvtec', ['test/good/1.png', 'test/cut/2.png', 'ground_truth/cut/2_mask.png']).rows)).toEqual([
      'thing 0 test/good/1.png -',
      'thing 1 test/cut/2.png ground_truth/cut/2_mask.png',
    ]);
  });

  test('of VisA is its test split where the split is known', () => {
    const paths = [
      'candle/Data/Images/Normal/1.JPG',
      'candle/Data/Images/Normal/2.JPG',
      'candle/Data/Images/Anomaly/3.JPG',
    ];
    const split = [
      'object,split,label,image,mask',
      ...paths.map((p, i) => `candle,${i === 0 ? 'train' : 'test'},normal,${p},`),
    ];
    const got = index('visa', [...paths, 'candle/Data/Masks/Anomaly/3.png'], `${split.join('\r\n')}\r\n`);
    expect(got.rows.map((r) => r.imagePath)).toEqual(paths.slice(1));
    expect(got.notes).toHaveLength(1);
    expect(() => index('visa', paths.slice(0, 2), split.join('\n'))).toThrow(
      'index: 1 pictures of split_csv/1cls.csv are missing: candle/Data/Images/Anomaly/3.JPG: unpack VisA again',
    );
    expect(() => index('visa', paths, 'a,b\n1,2')).toThrow('expected columns object,split,label,image,mask, got a,b');
  });

  test('can be read back by the reader of lists', () => {
    const { rows } = index('mvtec', ['ü 1/test/good/0.png', 'ü 1/test/x/"1".png', 'ü 1/ground_truth/x/"1"_mask.png']);
    const read = parseMetadata('list', metadataText(rows));
    expect(read.map(({ line: _, ...row }) => row)).toEqual(rows);
    expect(metadataText(rows).split('\n')[0]).toBe('{"image_path":"ü 1/test/good/0.png","label":0,"class_name":"ü 1"}');
  });

  const refused: [why: string, layout: Layout, paths: string[], message: RegExp][] = [
    [
      'fits nowhere',
      'mvtec',
      ['a/1.png', 'b.png'],
      /no picture fits the layout mvtec: expected CLASS\/test\/good.*got a\/1\.png, b\.png$/,
    ],
    ['is not there', 'polyp', [], /no picture fits the layout polyp: .*got no pictures$/],
    [
      'does not say what is good',
      'folder',
      ['nut/1.png', 'pill/2.png'],
      /no folder says which pictures are good: expected/,
    ],
    ['lies beside the folders', 'folder', ['1.png'], /no folder says which pictures are good/],
    [
      'has two masks',
      'mvtec',
      ['a/ground_truth/x/1.png', 'a/ground_truth/x/1_mask.png', 'a/test/x/1.png'],
      /^a\/ground_truth\/x\/1_mask\.png: a second mask for one picture, besides a\/ground_truth\/x\/1\.png/,
    ],
    [
      'shares its mask with another',
      'folder',
      ['cut/1.png', 'dent/1.png', 'good/1.png', 'masks/1.png'],
      /^masks\/1\.png: one mask for two pictures, cut\/1\.png and dent\/1\.png/,
    ],
  ];
  test.each(refused)('is refused when a picture %s', (_, layout, paths, message) => {
    expect(() => index(layout, paths)).toThrow(message);
  });
});

describe('few-shot lists', () => {
  const rows: SampleRow[] = ['a', 'b'].flatMap((className) =>
    Array.from({ length: 20 }, (_, i) => ({
      imagePath: `${className}/${i}.png`,
      label: i < 8 ? 0 : 1,
      className,
      ...(i >= 8 && i !== 12 ? { maskPath: `${className}/m${i}.png` } : {}),
    })),
  );

  test('have half normal and half abnormal samples of each class, with masks, in the order of the list', () => {
    for (const shots of [2, 4, 16]) {
      const { rows: few, notes } = drawShots(rows, shots, 111);
      for (const className of ['a', 'b']) {
        const own = few.filter((r) => r.className === className);
        expect(own.filter((r) => r.label === 0)).toHaveLength(shots / 2);
        expect(own.filter((r) => r.label === 1 && r.maskPath)).toHaveLength(shots / 2);
      }
      expect(few).toEqual(rows.filter((r) => few.includes(r)));
      expect(notes).toEqual([]);
    }
  });

  test('depend on the seed, and not on the other classes', () => {
    const of = (list: SampleRow[], seed: number) => drawShots(list, 8, seed).rows.filter((r) => r.className === 'b');
    expect(of(rows, 1)).toEqual(of(rows.slice(20), 1));
    expect(of(rows, 1)).not.toEqual(of(rows, 2));
    const drawn = new Set(Array.from({ length: 60 }, (_, seed) => of(rows, seed)).flat());
    expect(drawn.size).toBe(19);
  });

  test('take all samples, and say so, where there are too few', () => {
    const { rows: few, notes } = drawShots(
      rows.filter((r) => r.label === 1 || r.className === 'a'),
      24,
      1,
    );
    expect(few).toHaveLength(8 + 11 + 11);
    expect(notes).toEqual([
      'a: expected 12 normal pictures, got 8: all are taken',
      'a: expected 12 abnormal pictures, got 11: all are taken',
      'b: expected 12 normal pictures, got 0: all are taken',
      'b: expected 12 abnormal pictures, got 11: all are taken',
    ]);
  });

  test('without any masks are drawn all the same', () => {
    const bare = rows.map(({ maskPath: _, ...row }) => row);
    expect(drawShots(bare, 4, 1).rows.filter((r) => r.label === 1)).toHaveLength(4);
  });

  test('are refused for a count that is not even', () => {
    for (const shots of [0, 1, 3, 2.5]) {
      expect(() => drawShots(rows, shots, 1)).toThrow('shots: expected an even number, half of them normal');
    }
  });
});
