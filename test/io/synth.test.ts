import { expect, test } from 'vitest';
import { synth } from '../../src/io/synth.js';
import { goldenJson } from '../golden_files.js';

interface SynthCase {
  seed: number;
  name: string;
  shape: number[];
  std: number;
  mean: number;
  /** Indices of the values below; all of them where there are none. */
  at?: number[];
  /** Bits of the float32 values. */
  bits: number[];
}

test.each(goldenJson('synth.json') as SynthCase[])('synth of $name with seed $seed is equal to the last bit', (c) => {
  const values = synth(c.seed, c.name, c.shape, c.std, c.mean);
  const bits = new Uint32Array(values.buffer);
  expect(values).toHaveLength(c.shape.reduce((a, b) => a * b, 1));
  expect(c.bits.length).toBeGreaterThan(0);
  expect(c.at === undefined ? [...bits] : c.at.map((i) => bits[i])).toEqual(c.bits);
});

test('has the requested mean and standard deviation', () => {
  const values = synth(3, 'x', [100000], 0.5, 2);
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const variance = values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length;
  expect(mean).toBeCloseTo(2, 2);
  expect(Math.sqrt(variance)).toBeCloseTo(0.5, 2);
});
