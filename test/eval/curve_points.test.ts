/** The points of curves that are kept for a page, against the figures of the same scores. */
import { describe, expect, it } from 'vitest';
import { curveFigures } from '../../src/eval/curve.js';
import { type CurvePoints, CurveRecorder } from '../../src/eval/curve_points.js';
import { ClassScores } from '../../src/eval/metrics.js';
import { SortedScores } from '../../src/eval/sorted_scores.js';

/** A repeatable stream of numbers in [0, 1). */
function stream(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Area under a curve by the trapezoid rule. */
const area = ({ x, y }: CurvePoints): number =>
  x.slice(1).reduce((sum, v, i) => sum + ((v - x[i]!) * (y[i + 1]! + y[i]!)) / 2, 0);

/** Height at a place: of a jump, its ends. */
function heights({ x, y }: CurvePoints, at: number): [number, number] {
  const i = x.findIndex((v) => v >= at);
  if (x[i] === at) return [y[i]!, y[x.lastIndexOf(at)]!];
  const share = (at - x[i - 1]!) / (x[i]! - x[i - 1]!);
  const v = y[i - 1]! + share * (y[i]! - y[i - 1]!);
  return [v, v];
}

/** Overlapping labels, with ties. */
function scored(count: number, seed: number): { scores: Float32Array; labels: number[] } {
  const next = stream(seed);
  const labels = Array.from({ length: count }, () => (next() < 0.2 ? 1 : 0));
  const scores = Float32Array.from(labels, (l) => Math.round(200 * (next() + next() + 0.6 * l)) / 200 - 1);
  return { scores, labels };
}

function recorded(scores: Float32Array, labels: number[]) {
  const sorted = new SortedScores();
  sorted.add(scores, labels);
  const { positives, negatives } = sorted;
  const recorder = new CurveRecorder({ positives, negatives, range: { lo: -1, hi: 2 } });
  return { figures: curveFigures(sorted, undefined, undefined, recorder), curves: recorder.curves };
}

describe('kept points', () => {
  it.each([
    ['a few images', 12],
    ['many pixels', 60_000],
  ])('of %s lie on the curves, and begin and end where they do', (_, count) => {
    const { scores, labels } = scored(count, 7);
    const { figures, curves } = recorded(scores, labels);
    const { roc, pr } = curves;
    const faulty = labels.filter((l) => l === 1).length;
    expect([roc!.x[0], roc!.y[0], roc!.x.at(-1), roc!.y.at(-1)]).toEqual([0, 0, 1, 1]);
    expect([pr!.x[0], pr!.x.at(-1)]).toEqual([0, 1]);
    expect(pr!.y.at(-1)).toBeCloseTo(faulty / count, 4);
    expect(area(roc!)).toBeCloseTo(figures.auroc!, 3);
    for (const t of [-0.5, 0, 0.3, 0.7]) {
      const at = (label: number): number => labels.filter((l, i) => l === label && scores[i]! >= t).length;
      const [low, high] = heights(roc!, Math.round((1e5 * at(0)) / (count - faulty)) / 1e5);
      const want = at(1) / faulty;
      expect(want).toBeGreaterThan(Math.min(low, high) - 0.005);
      expect(want).toBeLessThan(Math.max(low, high) + 0.005);
    }
  });

  it('are few, however rough the curve', () => {
    const next = stream(3);
    const labels = Array.from({ length: 5000 }, () => (next() < 0.5 ? 1 : 0));
    const { curves } = recorded(
      Float32Array.from(labels, () => next()),
      labels,
    );
    for (const curve of [curves.roc!, curves.pr!]) {
      expect(curve.x.length).toBeLessThanOrEqual(300);
      expect(curve.x.length).toBeGreaterThan(10);
      expect(curve.y).toHaveLength(curve.x.length);
    }
  });

  it('leave out curves that one label alone cannot give', () => {
    expect(recorded(Float32Array.of(0, 0.5), [0, 0]).curves).not.toHaveProperty('roc');
    expect(recorded(Float32Array.of(0, 0.5), [0, 0]).curves).not.toHaveProperty('pr');
    const faulty = recorded(Float32Array.of(0, 0.5), [1, 1]).curves;
    expect(faulty).not.toHaveProperty('roc');
    expect(faulty.pr).toEqual({ x: [0, 1], y: [1, 1] });
  });

  it('count every score in one bin', () => {
    const { scores, labels } = scored(5000, 11);
    const { normal, abnormal, lo, hi } = recorded(scores, labels).curves.histogram!;
    const sum = (counts: readonly number[]): number => counts.reduce((a, b) => a + b, 0);
    expect([sum(normal), sum(abnormal)]).toEqual([0, 1].map((l) => labels.filter((v) => v === l).length));
    const width = (hi - lo) / normal.length;
    const third = scores.filter((s, i) => labels[i] === 0 && s >= lo + 20 * width && s < lo + 21 * width);
    expect(normal[20]).toBe(third.length);
  });
});

describe('the details of a class', () => {
  it('have the curve of overlap that the figure is the area of, cut off at its limit', () => {
    const side = 32;
    const next = stream(5);
    using scores = new ClassScores('Industrial', { width: side, overlapLimit: 0.2 });
    for (const label of [0, 1, 1, 0]) {
      const inside = (p: number): boolean => label === 1 && p % side < 6 && p < 8 * side;
      const mask = Uint8Array.from({ length: side * side }, (_, p) => Number(inside(p) || (label === 1 && p > 1000)));
      const map = Float32Array.from(mask, (m) => next() + 0.5 * m);
      scores.add(map, label === 1 ? mask : undefined, label, next());
    }
    const { figures, pixels, images, results } = scores.details();
    const { pro } = pixels!;
    expect([pro!.x[0], pro!.y[0], pro!.x.at(-1)]).toEqual([0, 0, 0.2]);
    expect((100 * area(pro!)) / 0.2).toBeCloseTo(figures.pixelAupro!, 0);
    expect(100 * area(pixels!.roc!)).toBeCloseTo(figures.pixelAuc!, 0);
    expect(100 * area(images.roc!)).toBeCloseTo(figures.imageAuc!, 1);
    expect(results.map((r) => r.label)).toEqual([0, 1, 1, 0]);
    const found = results.filter((r) => r.score >= figures.imageF1!.threshold);
    const hits = found.filter((r) => r.label === 1).length;
    expect((2 * hits) / (found.length + 2)).toBeCloseTo(figures.imageF1!.f1, 9);
  });

  it('have no curves of pixels where a mask is missing', () => {
    using scores = new ClassScores('Industrial', { width: 2 });
    scores.add(Float32Array.of(1, 2, 3, 4), undefined, 1, 0.5);
    scores.add(Float32Array.of(1, 2, 3, 2), undefined, 0, 0.25);
    const { pixels, results } = scores.details();
    expect(pixels).toBeUndefined();
    expect(results.map((r) => r.peak)).toEqual([4, 3]);
  });
});
