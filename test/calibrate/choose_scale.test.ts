import { describe, expect, it } from 'vitest';
import { byF1, byFalseAlarms, scaleOf, standsOut } from '../../src/calibrate/choose_scale.js';
import { onScale } from '../../src/detect/score_scale.js';

const judged = (...values: readonly number[]) => values.map((value) => ({ name: `p${value}`, value }));

describe('the threshold', () => {
  it('from good pictures alone lies just above the one at the rate, and says how well it keeps it', () => {
    const good = judged(...Array.from({ length: 40 }, (_, i) => i));
    const { threshold, rule } = byFalseAlarms(good, 0.05, 0.9);
    // Of 41 places for another picture, the two above the 39th are at most 5 %.
    expect(good.filter(({ value }) => value >= threshold)).toHaveLength(1);
    expect(threshold - 38).toBeLessThan(1e-12);
    expect(rule).toMatchObject({ kind: 'false_alarms', wanted: 0.05, kept: true, expected: 2 / 41, confidence: 0.9 });
    const few = byFalseAlarms(judged(3, 1, 2), 0.01, 0.95);
    expect(few.rule).toMatchObject({ kept: false, expected: 0.25 });
    // The highest good picture is still a good one.
    expect(few.threshold).toBeGreaterThan(3);
  });

  it('from good and faulty ones has the highest F1', () => {
    const { threshold, rule } = byF1(judged(0, 1, 2, 5), judged(4, 6, 8));
    expect(threshold).toBe(3);
    expect(rule).toEqual({ kind: 'f1_max', f1: 6 / 7, falseAlarms: 1, missed: 0 });
  });
});

describe('the scale', () => {
  it('goes from the median of good pictures over the threshold to that of the faulty ones', () => {
    const scale = scaleOf(judged(0, 1, 2, 5), judged(4, 6, 9), 3);
    expect(scale).toEqual({ good: 1.5, threshold: 3, faulty: 6 });
    expect([1, 1.5, 3, 6, 7].map((v) => onScale(v, scale))).toEqual([0, 0, 0.5, 1, 1]);
  });

  it('is as long above the threshold as below it where faulty pictures are missing, or lie below', () => {
    expect(scaleOf(judged(0, 1, 2), [], 3)).toEqual({ good: 1, threshold: 3, faulty: 5 });
    expect(scaleOf(judged(0, 1, 2), judged(2, 2, 4), 3)).toEqual({ good: 1, threshold: 3, faulty: 5 });
  });
});

describe('a picture that stands out', () => {
  it('is four deviations of the others beyond their mean, and apart from the next one', () => {
    // Mean 1, deviation 1: more than 5.
    expect(standsOut(judged(1, 5.1, 0, 2))).toEqual({ name: 'p5.1', value: 5.1 });
    expect(standsOut(judged(1, 4.9, 0, 2))).toBeUndefined();
    // Others that hardly differ.
    expect(standsOut(judged(0.1, 0.1, 0.1, 0.2))).toBeUndefined();
    // Two faulty ones hide each other: the note is help, not proof.
    expect(standsOut(judged(0, 1, 9, 9.5))).toBeUndefined();
  });
});
