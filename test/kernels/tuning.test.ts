import { expect, it } from 'vitest';
import { squareSide } from '../../src/kernels/tuning.js';

it('threads hold large squares of sums only where enough of them remain to fill a device', () => {
  expect(squareSide(0)).toBe(4);
  expect(squareSide(128 * 128 * 96 - 1)).toBe(4);
  expect(squareSide(128 * 128 * 96)).toBe(8);
});
