import { describe, expect, test } from 'vitest';
import { curveFigures, figuresOf } from '../../src/eval/curve.js';
import { percent } from '../../src/eval/percent.js';
import { radixSort, scoreOf } from '../../src/eval/radix_sort.js';
import { SortedScores } from '../../src/eval/sorted_scores.js';
import { synth } from '../../src/io/synth.js';
import { goldenJson } from '../golden_files.js';
import { aurocReference, averagePrecisionReference, bestF1Reference } from '../reference/curve.js';

interface Golden {
  readonly cases: readonly {
    seed: number;
    n: number;
    levels: number;
    share: number;
    positives: number;
    auroc: number;
    averagePrecision: number;
  }[];
  readonly rounded: readonly (readonly [number, number])[];
}
const golden = goldenJson<Golden>('curve.json');

/** NumPy's round: to the nearest whole number, ties to the even one. */
function rint(v: number): number {
  const low = Math.floor(v);
  if (v - low !== 0.5) return Math.round(v);
  return low % 2 === 0 ? low : low + 1;
}

/** The arrays that the golden file's `about` describes. */
function goldenArrays({ seed, n, levels, share }: Golden['cases'][number]) {
  const f = Math.fround;
  const range = f(2 * Math.sqrt(f(3)));
  const labels = [...synth(seed, 'label', [n], 1)].map((v) => Number(f(f(v / range) + 0.5) < share));
  const scores = synth(seed, 'score', [n], 1).map((v, i) => {
    const s = rint((v * levels) / 4) / 8;
    return s + labels[i]! * 0.25 * Math.abs(s);
  });
  return { scores, labels };
}

/** Small arrays of every kind: many ties, all equal, few of one label, one sample; negative and tiny values. */
function smallArrays(seed: number): { scores: Float32Array; labels: number[] } {
  const [a, b, c] = synth(seed, 'shape', [3], 1 / Math.sqrt(12), 0.5) as unknown as [number, number, number];
  const n = 1 + Math.floor(a * 40);
  const levels = [1, 2, 3, 7, 1e6][Math.floor(b * 5)]!;
  const unit = [1, 1e-42, 1e30][seed % 3]!;
  const scores = synth(seed, 'scores', [n], 1).map((v) => Math.round(v * levels) * unit);
  const labels = [...synth(seed, 'labels', [n], 1 / Math.sqrt(12), 0.5)].map((v) => Number(v < c));
  return { scores, labels };
}

describe('AUROC, average precision and the best F1', () => {
  test('match scikit-learn to the last bit', () => {
    expect(golden.cases.length).toBeGreaterThan(20);
    for (const c of golden.cases) {
      const { scores, labels } = goldenArrays(c);
      expect(labels.filter((l) => l === 1)).toHaveLength(c.positives);
      const { auroc, averagePrecision } = figuresOf(scores, labels);
      expect({ n: c.n, auroc, averagePrecision }).toEqual({
        n: c.n,
        auroc: c.auroc,
        averagePrecision: c.averagePrecision,
      });
    }
  });

  test('equal their definitions on small arrays with ties', () => {
    const seen = { both: 0, oneLabel: 0, ties: 0 };
    for (let seed = 0; seed < 2000; seed++) {
      const { scores, labels } = smallArrays(seed);
      const got = figuresOf(scores, labels);
      const positives = labels.filter((l) => l === 1).length;
      if (positives > 0 && positives < labels.length) {
        seen.both++;
        expect(Math.abs(got.auroc! - aurocReference(scores, labels)), `seed ${seed}`).toBeLessThan(1e-14);
      } else {
        seen.oneLabel++;
        expect(got.auroc, `seed ${seed}`).toBeUndefined();
      }
      if (positives > 0) {
        const want = averagePrecisionReference(scores, labels);
        expect(Math.abs(got.averagePrecision! - want), `seed ${seed}`).toBeLessThan(1e-14);
        expect(got.bestF1, `seed ${seed}`).toEqual(bestF1Reference(scores, labels));
      } else {
        expect([got.averagePrecision, got.bestF1]).toEqual([undefined, undefined]);
      }
      if (new Set(scores).size < scores.length) seen.ties++;
    }
    expect(Math.min(seen.both, seen.oneLabel, seen.ties)).toBeGreaterThan(100);
  });

  test('of equal scores are at chance level', () => {
    expect(figuresOf(new Float32Array(8).fill(-3), [1, 0, 0, 1, 0, 0, 0, 0])).toEqual({
      auroc: 0.5,
      averagePrecision: 0.25,
      bestF1: { f1: 0.4, threshold: -3 },
    });
  });

  test('treat minus zero and zero as equal', () => {
    expect(figuresOf(Float32Array.of(0, -0, 0, -0), [1, 0, 0, 1]).auroc).toBe(0.5);
  });

  test('follow a scaling that makes scores equal, and give thresholds unscaled', () => {
    const scores = new SortedScores();
    scores.add(Float32Array.of(0.1, 0.2, 1.1, 1.2, 2.5), [0, 1, 0, 1, 1]);
    expect(curveFigures(scores).auroc).toBeCloseTo(5 / 6, 14);
    const floored = curveFigures(scores, Math.floor);
    expect(floored.auroc).toBeCloseTo(4 / 6, 14);
    expect(floored.bestF1).toEqual({ f1: 6 / 8, threshold: Math.fround(0.1) });
  });

  test('refuse values that are not numbers, by name, and add none of them', () => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      const scores = new SortedScores();
      expect(() => scores.add(Float32Array.of(1, bad), [0, 1], 'image 3')).toThrow(
        `image 3: score 1 is ${bad}: expected finite numbers`,
      );
      expect(scores.size).toBe(0);
    }
    expect(() => figuresOf(Float32Array.of(1, 2), [1])).toThrow(
      'scores: expected a label for each of 2 scores, got 1 labels',
    );
  });
});

describe('sorted scores', () => {
  test('come down in order, counted by label, over several chunks', () => {
    // Values of very different frequency, one of which fills whole chunks.
    const n = 2_300_000;
    const scores = new Float32Array(n);
    const labels = new Uint8Array(n);
    for (let i = 0; i < n; i++) {
      const kind = i % 10;
      scores[i] = kind < 5 ? -0.75 : kind < 7 ? Math.imul(i, 2654435761) / 2 ** 31 : Math.fround((i % 1013) / 1013);
      labels[i] = Number(i % 7 === 0);
    }
    const want = new Map<number, [number, number]>();
    for (let i = 0; i < n; i++) {
      const at = want.get(scores[i]!) ?? [0, 0];
      at[labels[i] === 1 ? 0 : 1]++;
      want.set(scores[i]!, at);
    }
    const sorted = new SortedScores();
    for (let at = 0; at < n; at += 400_000) {
      sorted.add(scores.subarray(at, at + 400_000), labels.subarray(at, at + 400_000));
    }
    for (let round = 0; round < 2; round++) {
      let previous = Number.POSITIVE_INFINITY;
      let count = 0;
      let wrong = 0;
      sorted.walk(({ score, positives, negatives }) => {
        const at = want.get(score);
        if (!(score < previous && at?.[0] === positives && at[1] === negatives)) wrong++;
        previous = score;
        count++;
      });
      expect([count, wrong]).toEqual([want.size, 0]);
    }
    expect(sorted.positives).toBe(labels.reduce((sum, l) => sum + l, 0));
    // The sums over many thresholds, which are not added in NumPy's order, against ranks.
    const order = Float64Array.from(want.keys()).sort();
    let [below, twice] = [0, 0];
    for (const score of order) {
      const [p, negatives] = want.get(score)!;
      twice += p * (2 * below + negatives);
      below += negatives;
    }
    const { auroc } = curveFigures(sorted);
    expect(want.size).toBeGreaterThan(2 ** 16);
    expect(auroc).toBe(twice / (2 * sorted.positives * sorted.negatives));
  });

  test('sort keys of every magnitude', () => {
    for (const [n, spread] of [
      [0, 1],
      [1, 1],
      [1000, 1],
      [1000, 300],
      [5000, 2 ** 32],
    ] as const) {
      const keys = Uint32Array.from(synth(n, 'keys', [n], 1 / Math.sqrt(12), 0.5), (v) => Math.floor(v * spread));
      const want = Uint32Array.from(keys).sort();
      radixSort(keys, new Uint32Array(n + 5));
      expect(keys).toEqual(want);
    }
  });

  test('give back the numbers they were made from', () => {
    const values = Float32Array.of(-3e38, -1, -1e-45, 0, 1e-45, 1, 3e38);
    const sorted = new SortedScores();
    sorted.add(values, undefined);
    const seen: number[] = [];
    sorted.walk(({ score }) => seen.push(score));
    expect(seen).toEqual([...values].reverse());
    expect(scoreOf(0x80000000)).toBe(0);
  });
});

test('percentages are rounded as in Python', () => {
  expect(golden.rounded.length).toBeGreaterThan(60);
  for (const [x, want] of golden.rounded) expect([x, percent(x)]).toEqual([x, want]);
});
