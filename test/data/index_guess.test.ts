import { describe, expect, test } from 'vitest';
import { indexFolder } from '../../src/data/index_folder.js';
import type { GuessOptions } from '../../src/data/index_guess.js';
import { indexNotes, indexWarnings } from '../../src/data/index_rows.js';
import { expand } from '../../tools/data_page/trees.js';

const guess = (names: string, options: GuessOptions = {}) =>
  indexFolder(names.split(' ').flatMap(expand), { layout: 'folder', className: 'thing', ...options });

/** Rows as `class label image mask`. */
const told = (names: string, options?: GuessOptions) =>
  guess(names, options).rows.map((r) => [r.className, r.label, r.imagePath, r.maskPath ?? '-'].join(' '));

describe('the state of a picture', () => {
  test('is what the deepest telling folder says; the class is above it', () => {
    expect(told('defects/bolt/good/cam1/0.png defects/bolt/cut/cam1/0.png')).toEqual([
      'defects/bolt 0 defects/bolt/good/cam1/0.png -',
      'defects/bolt 1 defects/bolt/cut/cam1/0.png -',
    ]);
    expect(told('nut/good/rgb/0.png nut/defective/bent/deep/0.png')).toEqual([
      'nut 0 nut/good/rgb/0.png -',
      'nut 1 nut/defective/bent/deep/0.png -',
    ]);
  });

  test('is bad beside a good folder, and as deep as one in a class without', () => {
    const got = guess('a/good/0.png a/bent/0.png b/torn/x/0.png b/cut/0.png loose.png');
    expect(got.rows.map((r) => `${r.className} ${r.label}`)).toEqual(['a 0', 'a 1', 'b 1', 'b 1']);
    expect(got.unused).toEqual(['loose.png']);
    expect(indexWarnings(got.rows)).toEqual([
      'class b has no normal pictures: if a folder has some, name it with --normal',
    ]);
  });

  test('is asked for beside a folder that says bad where none says good', () => {
    expect(() => guess('nut/reference/0.png nut/defective/0.png')).toThrow(
      /^nut\/reference: nothing says whether its pictures are good: give --normal reference or --abnormal reference$/,
    );
  });

  test('may be told by an unsure word beside a sure one', () => {
    expect(guess('nut/defective/0.png nut/negative/0.png').rows.map((r) => r.label)).toEqual([1, 0]);
  });

  test('is never guessed for unsure words where others are sure', () => {
    expect(told('a/good/0.png a/positive/0.png b/negative/0.png b/positive/0.png')).toEqual([
      'a 0 a/good/0.png -',
      'a 1 a/positive/0.png -',
      'b 0 b/negative/0.png -',
      'b 1 b/positive/0.png -',
    ]);
  });

  test('is given outright by names, paths and patterns', () => {
    const files = 'nut/gold/0.png nut/claims/1.png nut/claims/sub/2.png';
    const labels = (options: GuessOptions) => guess(files, options).rows.map((r) => `${r.className} ${r.label}`);
    for (const normal of [
      'gold',
      'GOLD',
      'nut/gold',
      './nut/gold/',
      '*/gold',
      'g*',
      'x,gold',
      '{gold,silver}',
      'nut\\gold',
    ]) {
      expect(labels({ normal })).toEqual(['nut 0', 'nut 1', 'nut 1']);
    }
    expect(labels({ abnormal: 'claims' })).toEqual(['nut 0', 'nut 1', 'nut 1']);
    expect(labels({ normal: 'gold', abnormal: 'sub' })).toEqual(['nut 0', 'nut 1', 'nut/claims 1']);
    const mixed = guess('a/gold/0.png a/ng/1.png b/x/2.png c.png', { normal: 'gold' }).rows;
    expect(mixed.map((r) => `${r.className} ${r.label}`)).toEqual(['a 0', 'a 1', 'b 1', 'thing 1']);
    const asked = guess('nut/reference/0.png nut/defective/0.png nut/dent/0.png', { normal: 'reference' }).rows;
    expect(asked.map((r) => r.label)).toEqual([0, 1, 1]);
    const bad = guess('nut/reference/0.png nut/defective/0.png nut/dent/0.png', { abnormal: 'dent' }).rows;
    expect(bad.map((r) => r.label)).toEqual([0, 1, 1]);
    expect(guess('a/x/0.png a/y/0.png b/z/0.png', { normal: 'x', abnormal: 'y' }).unused).toEqual(['b/z/0.png']);
    expect(labels({ normal: '0.png' })).toEqual(
      ['nut/gold 0', 'nut 1', 'nut 1'].map((row, i) =>
        i === 0 ? row : row.replace('nut', i === 1 ? 'nut/claims' : 'nut/claims/sub'),
      ),
    );
  });

  test('given outright is refused where a name fits nothing or everything', () => {
    expect(() => guess('nut/gold/0.png', { normal: 'golden' })).toThrow(
      /^--normal: no folder or file is called so: expected names or paths below the data folder such as gold, got golden$/,
    );
    expect(() => guess('nut/gold/0.png', { masks: 'red' })).toThrow(/^--masks: no folder or file is called so/);
    expect(() => guess('nut/gold/0.png', { normal: 'gold', abnormal: 'g*' })).toThrow(
      /^nut\/gold: named by both --normal and --abnormal: name it once$/,
    );
  });

  test('comes from masks where nothing else tells', () => {
    const some = guess('c/Train/{1,2}.png c/Train/Label/2_label.png');
    expect(some.rows.map((r) => r.label)).toEqual([0, 1]);
    expect(some.unsettled).toBe(false);
    expect(guess('train/{1,2}.png train/{1,2}_GT.png').unsettled).toBe(true);
  });

  test('in a name with the product gives the class too', () => {
    expect(told('x/bolt_ok/0.png x/bolt_nok/0.png x/good_parts/1.png')).toEqual([
      'x/bolt 0 x/bolt_ok/0.png -',
      'x/bolt 1 x/bolt_nok/0.png -',
      'x 0 x/good_parts/1.png -',
    ]);
  });
});

describe('masks', () => {
  const pairs: [what: string, names: string, masks: string[]][] = [
    ['in a folder with the state in its name', 'n/good/0.png n/bad/0.png n/bad_masks/0.png', ['n/bad_masks/0.png']],
    ['in a tree of their own', 'images/n/good/0.png images/n/bad/0.png masks/n/bad/0.png', ['masks/n/bad/0.png']],
    ['below the state', 'n/good/0.png n/bad/images/0.jpg n/bad/masks/0.png', ['n/bad/masks/0.png']],
    ['below cameras', 'n/good/c1/0.png n/cut/c1/0.png n/masks/cut/c1/0_mask.png', ['n/masks/cut/c1/0_mask.png']],
    [
      'of the split that they are in',
      'n/good/0.png n/{train,test}/bad/0.png gt/n/{train,test}/bad/0.png',
      ['gt/n/train/bad/0.png', 'gt/n/test/bad/0.png'],
    ],
    ['called after the whole file', 'n/good/0.png n/bad/0.jpg n/masks/0.jpg.png', ['n/masks/0.jpg.png']],
    ['of the good, too', 'good/0.png bad/0.png gt/good/0.png gt/bad/0.png', ['gt/bad/0.png']],
  ];
  test.each(pairs)('%s are found', (_, names, masks) => {
    expect(guess(names).rows.flatMap((r) => r.maskPath ?? [])).toEqual(masks);
  });

  test('count only where they repeat pictures or can be nothing else', () => {
    expect(told('label/good/0.png label/torn/0.png cup/good/0.png cup/torn/0.png')).toHaveLength(4);
    expect(guess('good/0.png bad/0.png masks/other.png').orphans).toEqual(['masks/other.png']);
    expect(told('maps/good/0.png maps/torn/0.png maps/masks/torn/0.png')[1]).toBe(
      'maps 1 maps/torn/0.png maps/masks/torn/0.png',
    );
    expect(told('good/a_mask.png good/b.png bad/c.png')).toHaveLength(3);
  });

  test('of one picture may be several, each for a part', () => {
    const loco = guess('j/test/good/0.png j/test/dent/0.png j/ground_truth/dent/0/{0,1}.png');
    expect([...loco.parts]).toEqual([
      ['j/test/dent/0.png', ['j/ground_truth/dent/0/0.png', 'j/ground_truth/dent/0/1.png']],
    ]);
    expect(indexNotes(loco)).toEqual([
      '1 picture with several masks (j/test/dent/0.png): the list names one that unites them',
    ]);
    expect([...guess('good/0.png bad/a.png bad/a_mask.png bad/a_mask_1.png').parts.keys()]).toEqual(['bad/a.png']);
  });

  test('with names of the same kind as other data of the picture are no pictures', () => {
    expect(guess('b/good/{rgb,xyz}/0.png b/cut/{rgb,xyz}/0.png').rows).toHaveLength(2);
  });
});

describe('what is probably wrong', () => {
  test('is warned of with its remedy', () => {
    const warnings = indexWarnings(guess('defects/bolt/good/0.png').rows);
    expect(warnings).toEqual([
      'the name of a class says good or bad (defects/bolt): if that folder tells the state, name it with --normal or --abnormal',
    ]);
    const light = guess('n/good/0.png n/bad/normal_light/0.png').rows;
    expect(indexWarnings(light)).toEqual([expect.stringMatching(/says good or bad \(n\/bad\)/)]);
    expect(indexWarnings(light, true)).toEqual([]);
    const bare = [0, 1, 2].map((i) => ({ imagePath: `${i}`, label: 1, className: `c${i}` }) as const);
    expect(indexWarnings(bare)[0]).toMatch(/^3 classes have no normal pictures \(c0, c1, \.\.\.\)/);
  });

  test('is one line, whatever files are called', () => {
    expect(() => guess('nut/a\nb.png')).toThrow(/^[^\n]*a\\nb\.png[^\n]*$/);
    const odd = [
      '__proto__/good/0.png',
      '__proto__/constructor/0.png',
      `x${'/a'.repeat(190)}/good/${'n'.repeat(9000)}.png`,
    ];
    const { rows } = indexFolder(odd, { layout: 'folder', className: 'c' });
    expect(rows.map((r) => r.className.slice(0, 9))).toEqual(['__proto__', '__proto__', 'x/a/a/a/a']);
  });

  test('shows a layout that lists the test pictures alone', () => {
    const notes = indexNotes(
      guess('b/train/good/0.png b/test/good/0.png b/test/cut/0.png b/ground_truth/cut/0_mask.png'),
    );
    expect(notes).toEqual([expect.stringMatching(/^the folder fits --layout mvtec too/)]);
    // That layout would take the good ones for defects here.
    expect(guess('b/train/pass/0.png b/test/pass/0.png b/test/fail/0.png').alike).toBeUndefined();
  });
});
