import { expect, it } from 'vitest';
import { f1Threshold } from '../../src/eval/f1_threshold.js';
import { Rng } from '../../tools/pictures/rng.js';

/** F1 of a threshold, from the pictures called faulty. */
function figures(good: readonly number[], bad: readonly number[], threshold: number) {
  const falseAlarms = good.filter((v) => v >= threshold).length;
  const found = bad.filter((v) => v >= threshold).length;
  return { falseAlarms, missed: bad.length - found, f1: (2 * found) / (found + bad.length + falseAlarms) };
}

it('is the best of all thresholds, with the fewest false alarms, halfway between two scores', () => {
  const rng = new Rng('f1');
  for (let round = 0; round < 200; round++) {
    // Whole numbers, so that scores are equal now and then.
    const draw = (most: number, from: number): number[] =>
      Array.from({ length: 1 + rng.int(most) }, () => from + rng.int(12));
    const [good, bad] = [draw(15, 0), draw(10, 4)];
    const found = f1Threshold(good, bad);
    // Thresholds between all whole numbers, and beyond them.
    const all = Array.from({ length: 18 }, (_, i) => i - 0.5);
    const best = Math.max(...all.map((t) => figures(good, bad, t).f1));
    const { threshold, ...rest } = found;
    expect(rest).toEqual(figures(good, bad, threshold));
    expect(found.f1).toBeCloseTo(best, 12);
    const fewest = Math.min(
      ...all
        .map((t) => figures(good, bad, t))
        .flatMap(({ f1, falseAlarms }) => (f1 > best - 1e-12 ? [falseAlarms] : [])),
    );
    expect(found.falseAlarms).toBe(fewest);
    const scores = [...good, ...bad];
    const above = Math.min(...scores.filter((v) => v >= threshold));
    const below = Math.max(...scores.filter((v) => v < threshold));
    expect(threshold).toBe(Number.isFinite(below) ? (above + below) / 2 : above);
  }
});

it('separates what can be separated, and takes scores of faulty pictures alone', () => {
  expect(f1Threshold([-3, 0], [1, 5])).toEqual({ threshold: 0.5, f1: 1, falseAlarms: 0, missed: 0 });
  expect(f1Threshold([], [1, 5])).toEqual({ threshold: 1, f1: 1, falseAlarms: 0, missed: 0 });
  expect(f1Threshold([7], [1])).toMatchObject({ threshold: 1, falseAlarms: 1, missed: 0 });
});

it('refuses scores that say nothing', () => {
  expect(() => f1Threshold([1], [])).toThrow('threshold: expected scores of faulty pictures, got none');
  expect(() => f1Threshold([Number.NaN], [1])).toThrow('threshold: expected finite scores, got one that is not');
});
