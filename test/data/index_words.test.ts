import { describe, expect, test } from 'vitest';
import { markedStem, nameCore, numberOf, readName } from '../../src/data/index_words.js';

describe('the name of a folder', () => {
  const normal = [
    'good GOOD Good_01 normal Normals OK ok-parts okay pass passed healthy intact undamaged non_defective non-defective',
    'defect_free DefectFree no_defect no-defects not_defective without_damage 0_normal good_parts GoodParts OKParts',
    'no_anomaly flawless conforming conforme bueno buenas bonnes buono goed gut Gutteile fehlerfrei einwandfrei ohne_Fehler',
    'sin_defectos sans_defaut senza_difetti iyi dobre норма годные без_дефектов',
    '正常 正常图片 良品 合格品 OK品 无缺陷 无异常 無欠陥 欠陥なし 異常なし 不良なし 好 好品 정상 양품 합격 이상없음',
  ];
  const abnormal = [
    'bad BAD ungood NG ng-parts NGParts ko nok n_ok NOK anomaly Anomalies abnormal 1_abnormal AbnormalImages defect defects',
    'defective faulty fail failed damaged broken_large reject rejected flaw not_ok notOK no_good NoGood not_normal unhealthy',
    'logical_anomalies damaged_case nonconforming non_conforme defectuoso défauts mauvais difetti schlecht Defekt Fehlerteile',
    'slecht kusurlu wadliwe брак дефекты',
    '异常 異常 不良 不良品 不合格 缺陷 有缺陷 瑕疵 NG图 次品 坏 坏件 欠陥 欠陥あり 非正常 不正常 불량 비정상 불합격 결함',
  ];
  const silent = [
    'bolt cam1 S0001 scratch bent contamination label normalized goodyear passport ngc okra badge category koala 01 0 1 No_1',
    'good_and_bad print color thread sin_city 螺母 样品 nut-7 masks __proto__ constructor',
  ];
  const split = (lines: string[]): string[] => lines.flatMap((line) => line.split(' '));
  test.each(split(normal))('%s says good', (name) => {
    expect(readName(name)).toMatchObject({ state: 0, sure: true });
  });
  test.each(split(abnormal))('%s says bad', (name) => {
    expect(readName(name)).toMatchObject({ state: 1, sure: true });
  });
  test.each(split(silent))('%s says neither', (name) => {
    expect(readName(name)).toMatchObject({ state: undefined, sure: false });
  });

  test('of several words is read as a whole', () => {
    expect(readName('Normal Images').state).toBe(0);
    expect(readName('no visible defect').state).toBe(0);
    expect(readName('not good').state).toBe(1);
    expect(readName('n. i. O.')).toMatchObject({ state: 1, sure: false });
    expect(readName('No. 1 good').state).toBe(0);
  });

  test('may be unsure: such words count where nothing else tells', () => {
    const words: [string, 0 | 1][] = [
      ['positive', 1],
      ['neg', 0],
      ['i.O', 0],
      ['n.i.O', 1],
      ['iO', 0],
      ['MT_Free', 0],
      ['no-crack', 0],
      ['scratch_free', 0],
      ['Uncracked', 0],
    ];
    for (const [name, state] of words) expect(readName(name)).toMatchObject({ state, sure: false });
    expect(readName('sugar_positive_x').state).toBeUndefined();
  });

  test('is a part of the data, only holds pictures, or names something', () => {
    const kinds = {
      split: 'train test_public Validation',
      container: 'images IMG rgb Data JPEGImages 图片',
      name: 'color imgs2 part good',
    };
    for (const [kind, names] of Object.entries(kinds)) {
      for (const name of names.split(' ')) expect([name, readName(name).kind]).toEqual([name, kind]);
    }
  });

  test('of a mask folder has a core that it shares with the pictures', () => {
    expect(
      ['mask_dir', 'abnormal_masks', 'test_maps', 'ground_truth', 'Anomaly_Mask', 'GT', '掩码'].map(nameCore),
    ).toEqual(['', 'abnormal', 'test', '', 'anomaly', '', '']);
    expect(['abnormal_dir', 'Normal Images', 'cam1', 'part', 'images'].map(nameCore)).toEqual([
      'abnormal',
      'normal',
      'cam1',
      'part',
      '',
    ]);
    expect(['label', 'gt', 'maps', 'mask'].map((n) => readName(n).maskOnly)).toEqual([false, true, false, true]);
  });
});

describe('the name of a mask', () => {
  test.each([
    ['000_mask', '000', false],
    ['10000_GT', '10000', false],
    ['Part0_label', 'Part0', false],
    ['benign (1)_mask_1', 'benign (1)', true],
    ['x-ground_truth', 'x', false],
    ['mask_7', '7', false],
    ['a_anomaly_mask', 'a', false],
  ])('%s is of %s', (name, stem, part) => {
    expect(markedStem(name)).toEqual({ stem, part });
  });

  test('is no other name', () => {
    for (const name of ['unmask', 'mask', 'roadmap', 'a_masked', '000']) expect(markedStem(name)).toBeUndefined();
  });

  test('may share only a number with its picture', () => {
    expect(['image3', 'mask3', '3', 'Img_003', 'bolt3', 'image3_4', 'image'].map(numberOf)).toEqual([
      '3',
      '3',
      '3',
      '003',
      undefined,
      undefined,
      undefined,
    ]);
  });
});
