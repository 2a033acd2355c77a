/**
 * At a stated rate of false alarms, the rate on other good pictures is what was stated, class by class.
 *
 * The stated interval holds the true rate in 95 % of calibrations. What is counted here varies more, since 200 pictures are a
 * sample too. The rate above the k-th highest of n good pictures is Beta(k, n + 1 - k), so the count among m others is
 * beta-binomial; the test asks that it lie within the central 99 % of that distribution, and so for the sum over the classes.
 */
import { expect, it } from 'vitest';
import { calibrate } from '../../src/calibrate/calibrate.js';
import { loadDetector } from '../../src/node/node_library.js';
import { device } from '../devices.js';
import { goodPictures } from './good_pictures.js';

const SIZE = 96;
const CLASSES = ['screw', 'brick', 'capsule'];
const [GIVEN, OTHERS] = [40, 200];
const RATE = 0.05;
/** Of the first picture of each class; pictures of no training. */
const FIRST_SEED = 500_000;

/** Probabilities of 0 to m among m, where the rate is Beta(a, b), a and b whole. */
function betaBinomial(m: number, a: number, b: number): number[] {
  const logFactorial = (n: number): number =>
    Array.from({ length: n }, (_, i) => Math.log(i + 1)).reduce((x, y) => x + y, 0);
  const logBeta = (x: number, y: number): number => logFactorial(x - 1) + logFactorial(y - 1) - logFactorial(x + y - 1);
  return Array.from({ length: m + 1 }, (_, c) => {
    const ways = logFactorial(m) - logFactorial(c) - logFactorial(m - c);
    return Math.exp(ways + logBeta(c + a, m - c + b) - logBeta(a, b));
  });
}

/** Probabilities of the sum of two independent counts. */
function summed(one: readonly number[], other: readonly number[]): number[] {
  const out = new Array<number>(one.length + other.length - 1).fill(0);
  for (const [i, p] of one.entries()) for (const [j, q] of other.entries()) out[i + j]! += p * q;
  return out;
}

/** The counts that leave at most 0.5 % on either side. */
function central(probabilities: readonly number[]): readonly [number, number] {
  const tail = (list: readonly number[]): number => {
    let sum = 0;
    return list.findIndex((p) => {
      sum += p;
      return sum > 0.005;
    });
  };
  return [tail(probabilities), probabilities.length - 1 - tail([...probabilities].reverse())];
}

it('other good pictures are called faulty about as often as the calibration says', { timeout: 400_000 }, async () => {
  const gpu = await device();
  using detector = await loadDetector({ weights: 'tiny', adapters: 'tiny', classes: CLASSES, imageSize: SIZE, gpu });
  const counts: number[] = [];
  // One of 41 places is 2.4 %, two are 4.9 %: the threshold lies between the second and the third highest.
  const own = betaBinomial(OTHERS, 2, GIVEN - 1);
  const [least, most] = central(own);
  for (const className of CLASSES) {
    const { calibration } = await calibrate(detector, className, goodPictures(className, SIZE, FIRST_SEED, GIVEN), {
      falseAlarms: RATE,
    });
    expect(calibration.rule).toMatchObject({ kind: 'false_alarms', kept: true, expected: 2 / (GIVEN + 1) });
    let alarms = 0;
    const others = goodPictures(className, SIZE, FIRST_SEED + GIVEN, OTHERS);
    for await (const { decision } of detector.detect(others, className)) alarms += Number(decision.anomalous);
    expect(alarms, className).toBeGreaterThanOrEqual(least);
    expect(alarms, className).toBeLessThanOrEqual(most);
    counts.push(alarms);
  }
  const [fewest, highest] = central(CLASSES.slice(1).reduce((all) => summed(all, own), own));
  const sum = counts.reduce((a, b) => a + b);
  const text = `${counts.join(' + ')} of ${OTHERS} each`;
  expect(sum, text).toBeGreaterThanOrEqual(fewest);
  expect(sum, text).toBeLessThanOrEqual(highest);
  // What is asked is no matter of course: a rule with half or thrice the rate would not pass.
  expect(fewest / CLASSES.length / OTHERS).toBeGreaterThan(0.007);
  expect(highest / CLASSES.length / OTHERS).toBeLessThan(0.15);
});
