import { describe, expect, test } from 'vitest';
import { Draws, threefry } from '../../src/data/random.js';
import { batchesOf, epochOrder, remainingBatches } from '../../src/data/shuffle.js';

describe('random numbers', () => {
  test('match Threefry-2x32 with 20 rounds', () => {
    // The known answers that come with the paper's own implementation.
    const ones = 0xffffffff;
    expect(threefry([0, 0], [0, 0])).toEqual([0x6b200159, 0x99ba4efe]);
    expect(threefry([ones, ones], [ones, ones])).toEqual([0x1cb996fc, 0xbb002be7]);
    expect(threefry([0x13198a2e, 0x03707344], [0x243f6a88, 0x85a308d3])).toEqual([0xc4923a9c, 0x483df7a0]);
  });

  test('are uniform, and differ with every part of their purpose', () => {
    const purpose = { seed: 111, stream: 'a', epoch: 3, index: 7 };
    const take = (change: object) => {
      const draws = new Draws({ ...purpose, ...change });
      return Array.from({ length: 4000 }, () => draws.uniform());
    };
    const first = take({});
    expect(take({})).toEqual(first);
    for (const other of [{ seed: 112 }, { seed: 111 + 2 ** 32 }, { stream: 'b' }, { epoch: 4 }, { index: 8 }]) {
      const second = take(other);
      const mean = first.reduce((sum, v, i) => sum + (v - 0.5) * (second[i]! - 0.5), 0) / first.length;
      // Deviation of the mean of products of independent uniforms: 1 / 12 / sqrt(4000) = 0.0013.
      expect(Math.abs(mean), JSON.stringify(other)).toBeLessThan(0.0066);
    }
    const bins = new Array(10).fill(0);
    for (const v of first) bins[Math.floor(10 * v)]++;
    const chi = bins.reduce((sum, n) => sum + (n - 400) ** 2 / 400, 0);
    expect(chi).toBeLessThan(33.7); // exceeded once in ten thousand
    expect(Math.min(...first)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...first)).toBeLessThan(1);
  });

  test('refuse a seed that is not a whole number of 0 or more', () => {
    for (const seed of [-1, 0.5, Number.NaN, 2 ** 60]) {
      expect(() => new Draws({ seed, stream: 'a' })).toThrow('seed: expected a whole number of 0 or more, got');
    }
  });
});

describe('an epoch', () => {
  test('visits every sample once, in an order that depends on the epoch', () => {
    for (const count of [0, 1, 2, 37, 2162]) {
      const order = epochOrder(count, 111, 0);
      expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i));
      expect(epochOrder(count, 111, 0)).toEqual(order);
    }
    const orders = [epochOrder(2162, 111, 0), epochOrder(2162, 111, 1), epochOrder(2162, 112, 0)];
    for (const [i, a] of orders.entries()) {
      for (const b of orders.slice(i + 1)) expect(a.filter((v, k) => v === b[k]).length).toBeLessThan(12);
    }
  });

  test('gives every order the same chance', () => {
    const seen = new Map<string, number>();
    for (let epoch = 0; epoch < 6000; epoch++) {
      const key = epochOrder(3, 5, epoch).join('');
      seen.set(key, (seen.get(key) ?? 0) + 1);
    }
    expect(seen.size).toBe(6);
    const chi = [...seen.values()].reduce((sum, n) => sum + (n - 1000) ** 2 / 1000, 0);
    expect(chi).toBeLessThan(25.7); // exceeded once in ten thousand
  });

  test('is cut into batches, the last one possibly smaller, and resumes where it stopped', () => {
    const sizes = (n: number, size: number) => batchesOf(epochOrder(n, 1, 0), size).map((b) => b.length);
    expect(sizes(7, 3)).toEqual([3, 3, 1]);
    expect(sizes(6, 3)).toEqual([3, 3]);
    expect(sizes(0, 3)).toEqual([]);
    const all = remainingBatches(37, 4, { seed: 9, epoch: 2, batch: 0 });
    expect(remainingBatches(37, 4, { seed: 9, epoch: 2, batch: 6 })).toEqual(all.slice(6));
    expect(Uint32Array.from(all.flatMap((b) => [...b]))).toEqual(epochOrder(37, 9, 2));
    expect(() => batchesOf(new Uint32Array(3), 0)).toThrow('batch size: expected a whole number of at least 1, got 0');
  });
});
