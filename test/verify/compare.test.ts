import { expect, test } from 'vitest';
import { compare } from '../../src/verify/case.js';

test('a bound on pixels counts a pixel once, however many of its channels differ', () => {
  // Two channels of ten pixels: pixel 3 differs in both, pixel 7 in one.
  const want = Float32Array.from({ length: 20 }, (_, i) => i);
  const got = want.map((v, i) => (i % 10 === 3 || i === 17 ? 0 : v));
  const of = (share: number) => compare({ tensor: 'x', got, want, bound: 0, pixels: { share, plane: 10 } });
  expect(of(0.2)).toMatchObject({ pass: true, differing: { share: 0.2, bound: 0.2 }, maxAbs: 17 });
  expect(of(0.1).pass).toBe(false);
  expect(compare({ tensor: 'x', got, want, bound: 0 })).not.toHaveProperty('differing');
  const nan = want.map((v, i) => (i === 0 ? Number.NaN : v));
  expect(compare({ tensor: 'x', got: nan, want, bound: 0, pixels: { share: 0, plane: 10 } }).pass).toBe(false);
});
