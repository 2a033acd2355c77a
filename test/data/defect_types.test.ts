import { describe, expect, test } from 'vitest';
import { defectTypes } from '../../src/data/defect_types.js';
import { parseMetadata } from '../../src/data/metadata.js';

/** Types of abnormal pictures beside a normal one. */
const typesOf = (className: string, normal: string | undefined, ...abnormal: readonly string[]) => {
  const sample = (imagePath: string, label: 0 | 1) => ({ imagePath, label, className });
  const good = normal === undefined ? [] : [sample(normal, 0)];
  return defectTypes([...good, ...abnormal.map((path) => sample(path, 1))]).slice(good.length);
};

describe('the type of a defect', () => {
  test.each([
    ['MVTec', 'bolt', 'bolt/test/good/0.png', 'bolt/test/scratch/0.png', 'scratch'],
    ['VisA', 'candle', 'candle/Data/Images/Normal/0.JPG', 'candle/Data/Images/Anomaly/0.JPG', 'Anomaly'],
    ['BTAD', '01', '01/test/ok/0.bmp', '01/test/ko/0.bmp', 'ko'],
    ['MVTec 3D', 'bagel', 'bagel/test/good/rgb/0.png', 'bagel/test/crack/rgb/0.png', 'crack'],
    ['Real-IAD', 'jack', 'jack/OK/S0001/a.jpg', 'jack/NG/AK/S0002/a.jpg', 'AK'],
    ['BMAD', 'brain', 'test/good/img/1.png', 'test/Ungood/img/7.png', 'Ungood'],
    ['cameras', 'bolt', 'bolt/good/cam1/0.png', 'bolt/bad/cam1/0.png', 'bad'],
    ['a folder of defects', 'nut', 'nut/good/1.png', 'nut\\defects\\bent\\1.png', 'bent'],
    ['lots above the state', 'bolt/lot1', 'bolt/lot1/ok/0.png', 'bolt/lot1/nok/0.png', 'nok'],
  ])('is read from the folders of %s', (_, className, normal, abnormal, type) => {
    expect(typesOf(className, normal, abnormal)).toEqual([type]);
  });

  test('is unknown where no folder tells, also without normal pictures', () => {
    expect(typesOf('thing', 'a.png', 'b.png')).toEqual([undefined]);
    expect(typesOf('colon', undefined, 'colon/test/images/1.png')).toEqual([undefined]);
    expect(typesOf('nut', undefined, 'nut/test/bent/1.png', 'nut/test/cut/1.png')).toEqual(['bent', 'cut']);
    expect(typesOf('nut', 'nut/good/1.png', 'nut/good/2.png')).toEqual([undefined]);
  });

  test('is what the list says, where it does; a type that is no text is refused', () => {
    const line = '{"image_path": "a/bent/1.png", "label": 1, "class_name": "a", "defect_type": "cut"}';
    expect(defectTypes(parseMetadata('f', line))).toEqual(['cut']);
    expect(defectTypes(parseMetadata('f', line.replace(': 1', ': 0')))).toEqual([undefined]);
    expect(() => parseMetadata('f', line.replace('"cut"', '3'))).toThrow(
      'f:1: bad "defect_type": expected a name in quotation marks, got 3',
    );
  });
});
