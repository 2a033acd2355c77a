import { expect, test } from 'vitest';
import { classMetrics } from '../../src/eval/class_metrics.js';
import { askedForText } from '../../src/eval/further_report.js';
import { FIGURES, type Intervals } from '../../src/eval/intervals.js';
import type { ClassRow } from '../../src/eval/report.js';

const figures = classMetrics([0, 0, 0, 1], [0, 1], Float32Array.of(0.1, 0.2, 0.3, 0.4), [0.1, 0.9], 'Industrial');
const ends = (low: number, high: number) =>
  Object.fromEntries(FIGURES.map((name) => [name, [low, high]])) as unknown as Intervals;

test('what was not asked for has no table', () => {
  expect(askedForText([{ className: 'nut', figures }], undefined)).toEqual([]);
});

test('types of defect and intervals have a table each, with n/a for what the data cannot give', () => {
  const { pixelAuc, pixelAp, imageAuc, imageAp, pixelF1 } = figures;
  const defect = { pixelAuc, pixelAp, imageAuc, imageAp, pixelF1, pixelAupro: null, imageF1: null };
  const made = { confidence: 95, resamples: 300, seed: 7, binError: 0.00421 };
  const row: ClassRow = {
    ...{ className: 'nut', figures, intervals: { ...ends(10, 20.5), pixelAupro: null, ...made } },
    defects: [
      { ...defect, defect: 'bent', abnormalImages: 1 },
      { ...defect, defect: null, abnormalImages: 12, imageAuc: null },
    ],
  };
  const [defects, intervals] = askedForText([row], ends(12, 13)).map((table) => table.split('\n'));
  expect(defects).toEqual([
    'types of defect, each against all normal pictures',
    'class name   defect    pictures  pixel AUC  pixel AP  image AUC  image AP  pixel AUPRO  pixel F1  image F1',
    '       nut       bent         1     100.00    100.00     100.00    100.00          n/a    100.00       n/a',
    '       nut  (unknown)        12     100.00    100.00        n/a    100.00          n/a    100.00       n/a',
  ]);
  expect(intervals).toEqual([
    '95% intervals from 300 resamples of the pictures of each class, seed 7',
    'class name   pixel AUC    pixel AP     image AUC    image AP    pixel AUPRO   pixel F1     image F1',
    '       nut  10.00-20.50  10.00-20.50  10.00-20.50  10.00-20.50          n/a  10.00-20.50  10.00-20.50',
    '   Average  12.00-13.00  12.00-13.00  12.00-13.00  12.00-13.00  12.00-13.00  12.00-13.00  12.00-13.00',
    'pixels are counted in bins for the intervals: figures had from these differ from the exact ones by 0.0042 at most',
  ]);
});
