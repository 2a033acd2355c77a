/** Figures of small classes against a plain implementation: ties, equal maps, one label, one image; parts of a class; files. */
import { tmpdir } from 'node:os';
import { describe, expect, test } from 'vitest';
import { Draws } from '../../src/data/random.js';
import { bootstrap } from '../../src/eval/intervals.js';
import { type ClassFigures, ClassScores, type PartFigures } from '../../src/eval/metrics.js';
import { percent } from '../../src/eval/percent.js';
import { partFigures } from '../../src/eval/scaled_class.js';
import { openWordFile } from '../../src/node/word_file.js';
import { auproReference, aurocReference, averagePrecisionReference, bestF1Reference } from '../reference/curve.js';

const f = Math.fround;
const SIDE = 5;
const LIMIT = 0.3;

interface Image {
  readonly map: Float32Array;
  readonly mask: Uint8Array;
  readonly label: number;
  readonly score: number;
}

/** One to six images with few or many different scores, sometimes all equal, often of one label. */
function smallClass(seed: number): Image[] {
  const draws = new Draws({ seed, stream: 'small class' });
  const levels = [1, 2, 5, 1000][draws.below(4)]!;
  const share = draws.uniform();
  return Array.from({ length: 1 + draws.below(6) }, () => {
    const label = Number(draws.uniform() < share);
    const marked = draws.uniform();
    const value = (): number => f(Math.floor(draws.uniform() * levels) / levels);
    return {
      map: Float32Array.from({ length: SIDE * SIDE }, value),
      mask: Uint8Array.from({ length: SIDE * SIDE }, () => Number(label === 1 && draws.uniform() < marked)),
      label,
      score: value(),
    };
  });
}

function scoresOf(images: readonly Image[], memory?: ConstructorParameters<typeof ClassScores>[1]): ClassScores {
  const scores = new ClassScores('Industrial', { width: SIDE, overlapLimit: LIMIT, byImage: true, ...memory });
  for (const { map, mask, label, score } of images) scores.add(map, label === 0 ? undefined : mask, label, score);
  return scores;
}

/** As published: v scaled to the range of all, in float32; as it is where the largest is 1, and 0 where all are equal. */
function scaled(v: number, all: readonly number[]): number {
  const [min, max] = [Math.min(...all), Math.max(...all)];
  if (max === 1) return v;
  return max === min ? 0 : f(f(v - min) / f(max - min));
}

type Wanted = Pick<ClassFigures, keyof PartFigures>;

/** The figures from their definitions; undefined for what one label cannot give. */
function plainFigures(images: readonly Image[], all: readonly Image[] = images) {
  const [values, marked] = [images.flatMap(({ map }) => [...map]), images.flatMap(({ mask }) => [...mask])];
  const ofAll = all.flatMap(({ map }) => [...map]);
  const pixels = values.map((v) => scaled(v, ofAll));
  const peaks = images.map(({ map }) => scaled(Math.max(...map), ofAll));
  const own = images.map(({ score }) =>
    scaled(
      f(score),
      all.map((one) => f(one.score)),
    ),
  );
  const scores = peaks.map((peak, i) => f(f(0.5 * peak) + f(0.5 * own[i]!)));
  const labels = images.map(({ label }) => label);
  const both = (list: readonly number[]): boolean => new Set(list).size === 2;
  const maps = images.map(({ mask }, i) => ({ map: pixels.slice(i * SIDE * SIDE, (i + 1) * SIDE * SIDE), mask }));
  return {
    pixels: both(marked) && {
      auc: percent(aurocReference(pixels, marked)),
      ap: percent(averagePrecisionReference(pixels, marked)),
      pro: percent(auproReference(maps, SIDE, LIMIT)),
    },
    images: both(labels) && {
      auc: percent(aurocReference(scores, labels)),
      ap: percent(averagePrecisionReference(scores, labels)),
      f1: bestF1Reference(scores, labels),
    },
    pixelF1: marked.includes(1) ? bestF1Reference(pixels, marked).f1 : undefined,
  };
}

const close = (got: number | null, want: number): void => expect(Math.abs(got! - want)).toBeLessThan(0.0101);

/** @param none what stands for a figure that one label cannot give */
function expectFigures(got: Wanted, want: ReturnType<typeof plainFigures>, none: 0 | null): void {
  if (want.pixels) {
    close(got.pixelAuc, want.pixels.auc);
    close(got.pixelAp, want.pixels.ap);
    close(got.pixelAupro, want.pixels.pro);
    expect(got.pixelF1!.f1).toBeCloseTo(want.pixelF1!, 12);
  } else expect([got.pixelAuc, got.pixelAp, got.pixelAupro]).toEqual([none, none, null]);
  if (want.images) {
    close(got.imageAuc, want.images.auc);
    close(got.imageAp, want.images.ap);
    expect(got.imageF1).toEqual(want.images.f1);
  } else expect([got.imageAuc, got.imageAp]).toEqual([none, none]);
}

describe('small classes', () => {
  test('have the figures of a plain implementation', () => {
    const seen = { one: 0, equal: 0, pixels: 0, images: 0 };
    for (let seed = 0; seed < 400; seed++) {
      const images = smallClass(seed);
      using scores = scoresOf(images);
      const want = plainFigures(images);
      expectFigures(scores.figures(), want, 0);
      seen.one += Number(images.length === 1);
      seen.equal += Number(new Set(images.flatMap(({ map }) => [...map])).size === 1);
      seen.pixels += Number(want.pixels !== false);
      seen.images += Number(want.images !== false);
    }
    // Every kind occurs, and so does its opposite.
    for (const count of Object.values(seen)) {
      expect(count).toBeGreaterThan(30);
      expect(count).toBeLessThan(370);
    }
  });

  test('have figures of any part of them, n/a where the part has one label', () => {
    let none = 0;
    for (let seed = 0; seed < 200; seed++) {
      const images = smallClass(seed);
      const draws = new Draws({ seed, stream: 'part' });
      const kept = images.map(() => draws.uniform() < 0.6);
      if (!kept.includes(true)) continue;
      using scores = scoresOf(images);
      const want = plainFigures(
        images.filter((_, i) => kept[i]),
        images,
      );
      expectFigures(partFigures(scores.scaled(), kept), want, null);
      none += Number(want.images === false);
    }
    expect(none).toBeGreaterThan(30);
  });

  test('have the same figures, parts and resamples where all pixels are in a file', () => {
    let spilled = 0;
    for (let seed = 0; seed < 40; seed++) {
      const images = smallClass(seed);
      using inMemory = scoresOf(images);
      const openStore = (): ReturnType<typeof openWordFile> => {
        spilled++;
        return openWordFile(tmpdir());
      };
      using inFile = scoresOf(images, { memory: { bytes: 0, openStore } });
      expect(inFile.details()).toEqual(inMemory.details());
      const kept = images.map((_, i) => i % 2 === 0);
      expect(partFigures(inFile.scaled(), kept)).toEqual(partFigures(inMemory.scaled(), kept));
      const options = { resamples: 10, seed, stream: 'a' };
      const [a, b] = [inFile, inMemory].map((scores) => bootstrap(scores.scaled(), scores.details().exact, options));
      expect(a).toEqual(b);
    }
    expect(spilled).toBe(40);
  });

  test('that do not keep their images have no parts, and say so', () => {
    using scores = scoresOf(smallClass(1), { byImage: false });
    expect(() => partFigures(scores.scaled(), [true])).toThrow(/^scores: their images are not kept: expected/);
    using other = scoresOf(smallClass(1));
    expect(() => partFigures(other.scaled(), [])).toThrow(/^weights: expected one for each of \d images, got 0$/);
  });
});
