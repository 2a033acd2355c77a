/** Intervals against a slow bootstrap that copies images, and against the known truth of made-up data. */
import { describe, expect, it } from 'vitest';
import { Draws } from '../../src/data/random.js';
import { figuresOfBins } from '../../src/eval/count_curves.js';
import { curveFigures } from '../../src/eval/curve.js';
import { binPixels } from '../../src/eval/image_bins.js';
import { bootstrap, FIGURES, intervalsOf, meanReplicates } from '../../src/eval/intervals.js';
import { ClassScores } from '../../src/eval/metrics.js';
import { auproReference, aurocReference, averagePrecisionReference, bestF1Reference } from '../reference/curve.js';

interface Image {
  readonly map: Float32Array;
  readonly mask: Uint8Array;
  readonly label: number;
  readonly score: number;
}

/** A number of the normal distribution (Box and Muller 1958). */
const normal = (draws: Draws): number =>
  Math.sqrt(-2 * Math.log(1 - draws.uniform())) * Math.cos(2 * Math.PI * draws.uniform());

/** Images of `side` pixels square: a level of their own, noise, and a fault that stands out by `shift`. */
function images(seed: number, labels: readonly number[], side: number, shift = 1, levels = 8): Image[] {
  const draws = new Draws({ seed, stream: 'images' });
  return labels.map((label) => {
    const level = 0.5 * normal(draws);
    const [left, top] = [draws.below(side - 1), draws.below(side - 1)];
    const inside = (p: number): boolean =>
      label === 1 && p % side >= left && p % side < left + side / 3 && p / side >= top && p / side < top + side / 3;
    const mask = Uint8Array.from({ length: side * side }, (_, p) => Number(inside(p)));
    const map = Float32Array.from(mask, (m) => Math.round(levels * (level + normal(draws) + shift * m)) / levels);
    return { map, mask, label, score: Math.round(levels * (normal(draws) + shift * label)) / levels };
  });
}

function classOf(all: readonly Image[], side: number): ClassScores {
  const scores = new ClassScores('Medical', { width: side, overlapLimit: 0.3, byImage: true });
  for (const { map, mask, label, score } of all) scores.add(map, mask, label, score);
  return scores;
}

const LABELS = [0, 1, 0, 1, 1, 0, 1];

function resampled(all: readonly Image[], side: number, resamples: number, seed = 1, stream = 'nut') {
  using scores = classOf(all, side);
  const { exact, figures } = scores.details();
  return { ...bootstrap(scores.scaled(), exact, { resamples, seed, stream }), figures, exact };
}

describe('resamples of a class', () => {
  it('equal those of a slow bootstrap that copies the images', () => {
    const side = 6;
    for (let seed = 0; seed < 12; seed++) {
      const all = images(seed, LABELS, side, 1, [1, 4, 1e6][seed % 3]);
      const { replicates, off } = resampled(all, side, 20, 5);
      expect(off).toBeLessThan(1e-12);
      const places = [0, 1].map((label) => LABELS.flatMap((l, i) => (l === label ? [i] : [])));
      for (let i = 0; i < 20; i++) {
        const draws = new Draws({ seed: 5, stream: 'bootstrap nut', index: i });
        const copies = places.flatMap((stratum) => stratum.map(() => all[stratum[draws.below(stratum.length)]!]!));
        const pixels = copies.flatMap(({ map }) => [...map]);
        const marked = copies.flatMap(({ mask }) => [...mask]);
        const peaks = copies.map(({ map }) => Math.max(...map));
        const labels = copies.map(({ label }) => label);
        const want = {
          pixelAuc: aurocReference(pixels, marked),
          pixelAp: averagePrecisionReference(pixels, marked),
          pixelF1: bestF1Reference(pixels, marked).f1,
          pixelAupro: auproReference(copies, side, 0.3),
          imageAuc: aurocReference(peaks, labels),
          imageAp: averagePrecisionReference(peaks, labels),
          imageF1: bestF1Reference(peaks, labels).f1,
        };
        for (const name of FIGURES) expect(replicates[name]![i], `${seed} ${i} ${name}`).toBeCloseTo(want[name], 11);
      }
    }
  });

  it('of many pixels are counted in bins that change no figure by a hundredth of a per cent', () => {
    const side = 128;
    const all = images(3, [...LABELS, ...LABELS], side, 2, 1e6);
    using scores = classOf(all, side);
    const { pixels, scale } = scores.scaled();
    const countsOf = binPixels(pixels!, scale, 4096);
    const draws = new Draws({ seed: 1, stream: 'weights' });
    for (let round = 0; round < 5; round++) {
      const weights = Float64Array.from(all, () => (round === 0 ? 1 : draws.below(4)));
      const part = pixels!.weighted(weights);
      const overlap = { regions: part.regions, limit: 0.3 };
      const want = curveFigures(part, scale, overlap);
      const counts = countsOf(weights);
      expect(counts.tied.length).toBeLessThan(12_000);
      const got = figuresOfBins(counts, overlap)!;
      expect(Math.abs(got.auroc - want.auroc!)).toBeLessThan(1e-4);
      expect(Math.abs(got.averagePrecision - want.averagePrecision!)).toBeLessThan(1e-4);
      // The best F1 is the top of a ragged curve, of which bins show fewer points.
      expect(Math.abs(got.f1 - want.bestF1!.f1)).toBeLessThan(2e-4);
      expect(Math.abs(got.aupro! - want.aupro!)).toBeLessThan(1e-4);
    }
    expect(resampled(all, side, 2).off).toBeLessThan(1e-4);
  });

  it('are the same for a seed, and others for another seed or class', () => {
    const all = images(1, LABELS, 6);
    const once = resampled(all, 6, 50);
    expect(resampled(all, 6, 50)).toEqual(once);
    for (const other of [resampled(all, 6, 50, 2), resampled(all, 6, 50, 1, 'bolt')]) {
      expect(other.replicates.pixelAuc).not.toEqual(once.replicates.pixelAuc);
    }
  });
});

/** How often intervals hold the truth. */
function coverage(rounds: number, holds: (round: number) => boolean): number {
  return Array.from({ length: rounds }, (_, i) => holds(i)).filter(Boolean).length / rounds;
}

describe('intervals', () => {
  it('of images hold the true AUROC of two normal distributions about as often as they say', () => {
    // Two normal distributions of width 1 that lie 1 apart: AUROC is the share of the distribution below 1 / sqrt(2).
    const truth = 76.025;
    const labels = Array.from({ length: 80 }, (_, i) => i % 2);
    const share = coverage(100, (round) => {
      const draws = new Draws({ seed: round, stream: 'scores' });
      using scores = new ClassScores('Medical', { byImage: true });
      for (const label of labels) scores.add(Float32Array.of(normal(draws) + label), [0], label, 0);
      const { replicates } = bootstrap(scores.scaled(), undefined, { resamples: 200, seed: round, stream: 'a' });
      const [low, high] = intervalsOf(replicates).imageAuc!;
      return low <= truth && truth <= high;
    });
    expect(share).toBeGreaterThan(0.86);
    expect(share).toBeLessThan(0.99);
  });

  it('of pixels take whole images, whose pixels are not independent', () => {
    const truth = 100 * bigAuroc();
    const labels = Array.from({ length: 40 }, (_, i) => i % 2);
    const share = coverage(60, (round) => {
      const { replicates } = resampled(images(100 + round, labels, 6), 6, 150, round);
      const [low, high] = intervalsOf(replicates).pixelAuc!;
      return low <= truth && truth <= high;
    });
    expect(share).toBeGreaterThan(0.82);
    expect(share).toBeLessThan(0.995);
  });

  it('are n/a for what a class cannot give', () => {
    const good = resampled(images(1, [0, 0, 0], 6), 6, 20);
    expect(Object.values(intervalsOf(good.replicates))).toEqual(FIGURES.map(() => null));
    const faulty = intervalsOf(resampled(images(1, [1, 1, 1], 6), 6, 20).replicates);
    expect([faulty.imageAuc, faulty.imageAp, faulty.imageF1]).toEqual([null, null, null]);
    expect(faulty.pixelAuc![0]).toBeLessThan(faulty.pixelAuc![1]);
    // Without a map's width there are no regions.
    using scores = new ClassScores('Medical', { byImage: true });
    for (const { map, mask, label } of images(1, LABELS, 6)) scores.add(map, mask, label, 0);
    const options = { resamples: 20, seed: 1, stream: 'a' };
    expect(intervalsOf(bootstrap(scores.scaled(), scores.details().exact, options).replicates).pixelAupro).toBeNull();
  });

  it('are drawn where the only marked image is left out, by drawing again', () => {
    const all = images(1, [1, 1, 1], 6).map((one, i) => ({ ...one, mask: i === 0 ? one.mask : new Uint8Array(36) }));
    const { replicates } = resampled(all, 6, 50);
    expect(replicates.pixelAp!.every((v) => v > 0)).toBe(true);
  });

  it('of the mean over classes are narrower than those of a class, and keep a figure without an interval', () => {
    const labels = Array.from({ length: 20 }, (_, i) => i % 2);
    const classes = [1, 2, 3, 4].map((seed) => resampled(images(seed, labels, 6), 6, 200, 1, `class ${seed}`));
    const widthOf = ([low, high]: readonly [number, number]): number => high - low;
    const mean = intervalsOf(meanReplicates(classes)).pixelAuc!;
    for (const { replicates } of classes)
      expect(widthOf(mean)).toBeLessThan(widthOf(intervalsOf(replicates).pixelAuc!));
    const average = classes.reduce((sum, { figures }) => sum + figures.pixelAuc! / 4, 0);
    expect(mean[0]).toBeLessThan(average);
    expect(mean[1]).toBeGreaterThan(average);
    // The published 0 of a class with one label counts in the printed mean, so it counts here.
    const bare = resampled(images(5, [1, 1, 1], 6), 6, 200);
    expect(bare.figures.imageAuc).toBe(0);
    const [, high] = intervalsOf(meanReplicates([classes[0]!, bare])).imageAuc!;
    expect(high).toBeCloseTo(intervalsOf(classes[0]!.replicates).imageAuc![1] / 2, 1);
  });
});

/** The AUROC of pixels of very many images. */
function bigAuroc(): number {
  using scores = classOf(
    images(
      7,
      Array.from({ length: 3000 }, (_, i) => i % 2),
      6,
    ),
    6,
  );
  return scores.details().exact!.auroc!;
}
