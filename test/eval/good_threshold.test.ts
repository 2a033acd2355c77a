import { describe, expect, it } from 'vitest';
import { goodThreshold, picturesForRate } from '#src/eval/good_threshold';

/** Numbers from 0 to 1 that look random, the same at every run (mulberry32). */
function uniform(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

describe('goodThreshold', () => {
  it('takes the score whose expected rate of false alarms is at most the wanted one', () => {
    const scores = Array.from({ length: 19 }, (_, i) => i);
    const alarms = (rate: number): number[] => scores.filter((s) => s >= goodThreshold(scores, rate).threshold);
    expect(goodThreshold(scores, 0.05)).toMatchObject({ kept: true, expected: 0.05, pictures: 19 });
    expect(alarms(0.05)).toEqual([]);
    expect(goodThreshold(scores, 0.1)).toMatchObject({ kept: true, expected: 0.1 });
    expect(alarms(0.1)).toEqual([18]);
    expect(goodThreshold(scores, 0.12).expected).toBe(0.1);
    expect(alarms(0.15)).toEqual([17, 18]);
  });

  it('is the number just above a score, whatever its sign', () => {
    for (const v of [-2.5, -1e-300, 0, 1e-300, 0.3]) {
      const { threshold } = goodThreshold([v], 0.5);
      expect(threshold).toBeGreaterThan(v);
      expect((threshold + v) / 2 === v || (threshold + v) / 2 === threshold).toBe(true);
    }
  });

  it('takes the largest score where there are too few pictures, and says so', () => {
    const few = goodThreshold([3, 1, 2], 0.01);
    expect(few.threshold).toBeCloseTo(3, 14);
    expect(few).toMatchObject({ kept: false, expected: 0.25, wanted: 0.01 });
    // One minus the 3rd root of 0.975 and of 0.025.
    expect(few.interval[0]).toBeCloseTo(1 - 0.975 ** (1 / 3), 10);
    expect(few.interval[1]).toBeCloseTo(1 - 0.025 ** (1 / 3), 10);
  });

  it('knows how many pictures a rate takes', () => {
    expect([0.5, 0.05, 0.01, 0.001, 0.03].map(picturesForRate)).toEqual([1, 19, 99, 999, 33]);
    for (const rate of [0.5, 0.05, 0.01, 0.03]) {
      const n = picturesForRate(rate);
      expect(goodThreshold(new Float32Array(n), rate).kept).toBe(true);
      if (n > 1) expect(goodThreshold(new Float32Array(n - 1), rate).kept).toBe(false);
    }
  });

  it('states an interval that holds the rate as often as it says, whatever the distribution', () => {
    const next = uniform(7);
    const rounds = 2000;
    let inside = 0;
    let sum = 0;
    for (let i = 0; i < rounds; i++) {
      // The rate above x is 1 - x^(1/3) for cubes of uniform numbers.
      const t = goodThreshold(
        Array.from({ length: 40 }, () => next() ** 3),
        0.05,
      );
      const rate = 1 - Math.cbrt(t.threshold);
      sum += rate;
      if (rate >= t.interval[0] && rate <= t.interval[1]) inside++;
    }
    expect(sum / rounds).toBeCloseTo(goodThreshold(new Float32Array(40), 0.05).expected, 2);
    expect(Math.abs(inside / rounds - 0.95)).toBeLessThan(0.015);
  });

  it('works for very many pictures', () => {
    const t = goodThreshold(
      Float64Array.from({ length: 20000 }, (_, i) => i),
      0.01,
    );
    expect(t.expected).toBeCloseTo(0.01, 4);
    expect(t.interval[0]).toBeGreaterThan(0.0085);
    expect(t.interval[1]).toBeLessThan(0.0115);
  });

  it('refuses what is no score and no rate', () => {
    expect(() => goodThreshold([], 0.05)).toThrow(/got none/);
    expect(() => goodThreshold([1, Number.NaN], 0.05)).toThrow(/finite/);
    expect(() => goodThreshold([1], 0)).toThrow(/false-alarm rate: expected a share between 0 and 1/);
    expect(() => goodThreshold([1], 5)).toThrow(/got 5/);
    expect(() => goodThreshold([1], 0.05, 1)).toThrow(/confidence/);
  });
});
