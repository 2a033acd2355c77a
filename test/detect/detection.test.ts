import { describe, expect, it } from 'vitest';
import { DecisionRules } from '../../src/detect/decision_rules.js';
import { detectionOf, peakOf, pictureScore } from '../../src/detect/detection.js';
import type { Picture } from '../../src/picture/picture.js';

const map = (width: number, values: readonly number[]) => ({
  width,
  height: values.length / width,
  data: Float32Array.from(values),
});

describe('the peak of a map', () => {
  it('is its first largest value, at the middle of its cell in the picture', () => {
    expect(peakOf(map(3, [0, 1, 0, 0, 0, 1]), 3, 2)).toEqual({ value: 1, x: 1, y: 0 });
    expect(peakOf(map(2, [0, 0, 0, 4]), 100, 60)).toEqual({ value: 4, x: 75, y: 45 });
    expect(peakOf(map(4, [0, 0, 0, 7, 0, 0, 0, 0]), 2, 1)).toEqual({ value: 7, x: 1, y: 0 });
    expect(peakOf(map(1, [0.5]), 1, 1)).toEqual({ value: 0.5, x: 0, y: 0 });
  });
});

describe('a detection', () => {
  const picture: Picture = { name: 'a.png', width: 4, height: 4, channels: 3, data: new Uint8Array(48) };
  const known = { index: 3, className: 'screw', imageScore: 0.2, ms: 1 } as const;
  const rules = new DecisionRules();
  const sum = map(2, [2, 2, 2, 2 + Math.log(3)]);

  it('has shares of its summed levels: sigmoid of the mean difference', () => {
    const d = detectionOf(picture, sum, { levels: 4 }, { ...known, domain: 'Industrial' }, rules);
    const share = (total: number): number => 1 / (1 + Math.exp(1 - (2 * total) / 4));
    expect([...d.map.data]).toEqual([...sum.data].map((v) => Math.fround(share(v))));
    expect(d.sum).toBe(sum);
    expect(d).toMatchObject({ name: 'a.png', index: 3, className: 'screw', picture, peak: { x: 3, y: 3 } });
  });

  it('is scored by its domain', () => {
    const of = (domain: 'Industrial' | 'Medical') =>
      detectionOf(picture, sum, { levels: 4 }, { ...known, domain }, rules);
    const { value } = of('Medical').peak;
    expect(of('Medical').score).toBe(value);
    expect(of('Industrial').score).toBe(0.5 * value + 0.1);
    expect(pictureScore(0.8, 0.4, 'Industrial')).toBeCloseTo(0.6, 12);
    expect(pictureScore(0.8, 0.4, 'Medical')).toBe(0.8);
  });
});
