import { expect, test } from 'vitest';
import { logit, onScale } from '../../src/detect/score_scale.js';

test('a scale is linear on both sides of its threshold, and ends at 0 and 1', () => {
  const scale = { good: -4, threshold: -1, faulty: 5 };
  const placed = [-9, -4, -2.5, -1, 2, 5, 8].map((v) => onScale(v, scale));
  expect(placed).toEqual([0, 0, 0.25, 0.5, 0.75, 1, 1]);
  // Ends that lie on the threshold leave nothing between.
  const sharp = { good: 2, threshold: 2, faulty: 2 };
  expect([1.9, 2, 2.1].map((v) => onScale(v, sharp))).toEqual([0, 1, 1]);
});

test('log-odds are finite for every share that f32 has', () => {
  expect(logit(0.5)).toBe(0);
  expect(logit(0.25)).toBeCloseTo(-Math.log(3), 12);
  for (const share of [0, 1e-45, 1, 1 - 2 ** -25]) expect(Number.isFinite(logit(share))).toBe(true);
  expect(logit(1)).toBe(logit(1 - 2 ** -24));
});
