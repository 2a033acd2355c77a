import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { curveFigures } from '../../src/eval/curve.js';
import { ClassScores } from '../../src/eval/metrics.js';
import { connectedRegions } from '../../src/eval/regions.js';
import type { ScoreCount, ScoreWalk } from '../../src/eval/score_walk.js';
import { SortedScores } from '../../src/eval/sorted_scores.js';
import { synth } from '../../src/io/synth.js';
import { openWordFile } from '../../src/node/word_file.js';
import { auproReference, regionsReference } from '../reference/curve.js';

/** Numbers in [0, 1). */
const uniform = (seed: number, name: string, n: number): number[] =>
  [...synth(seed, name, [n], 1 / Math.sqrt(12), 0.5)].map((v) => Math.min(Math.max(v, 0), 0.999));

describe('connected regions', () => {
  test('are those of a flood fill', () => {
    let most = 0;
    for (let seed = 0; seed < 200; seed++) {
      const width = 1 + (seed % 13);
      const mask = uniform(seed, 'mask', width * (1 + (seed % 9))).map((v) => Number(v < 0.2 + (seed % 5) / 8));
      const { labels, sizes } = connectedRegions(mask, width);
      const want = regionsReference(mask, width);
      expect(sizes, `seed ${seed}`).toEqual([0, ...want.map((region) => region.length)]);
      want.forEach((region, number) => {
        for (const i of region) expect(labels[i]).toBe(number + 1);
      });
      most = Math.max(most, want.length);
    }
    expect(most).toBeGreaterThan(8);
  });

  test('meet at corners and where arms join below, and not across the edge of the picture', () => {
    const count = (rows: readonly string[]) =>
      connectedRegions(
        [...rows.join('')].map((c) => Number(c === '#')),
        rows[0]!.length,
      ).sizes.length - 1;
    expect(count(['#..', '.#.', '..#'])).toBe(1);
    expect(count(['#.#.#', '#.#.#', '#####'])).toBe(1);
    expect(count(['..#', '#..'])).toBe(2);
    expect(count(['...', '...'])).toBe(0);
    expect(() => connectedRegions([1, 1, 1], 2)).toThrow('regions: expected whole rows of 2 pixels, got 3 pixels');
  });
});

/** Pictures with ties, some without defects, some all of one value. */
function pictures(seed: number) {
  const width = 4 + (seed % 5);
  const images = [0, 1, 2].map((image) => {
    const n = width * (3 + (seed % 4));
    const share = [0, 0.15, 0.5][(image + seed) % 3]!;
    const levels = [1, 2, 5, 1000][seed % 4]!;
    const mask = uniform(seed, `mask ${image}`, n).map((v) => Number(v < share));
    const map = Float32Array.from(uniform(seed, `map ${image}`, n), (v, i) =>
      Math.fround(Math.floor((v + 0.3 * mask[i]!) * levels) / levels),
    );
    return { map, mask };
  });
  return { width, images };
}

describe('per-region overlap', () => {
  // Made by a hash, so that any program can make it: lowbias32 of the place, and rectangles.
  test('is that of the definition on a case that anomalib was run on, and near its figure', () => {
    const [count, side] = [8, 64];
    const lowbias32 = (i: number): number => {
      let v = i ^ (i >>> 16);
      v = Math.imul(v, 0x7feb352d);
      v = Math.imul(v ^ (v >>> 15), 0x846ca68b);
      return (v ^ (v >>> 16)) >>> 0;
    };
    const images = Array.from({ length: count }, (_, k) => {
      const mask = new Uint8Array(side * side);
      for (let r = 0; r < k % 4; r++)
        for (let y = 8 + 14 * r; y < 11 + 16 * r; y++)
          mask.fill(1, y * side + 5 + ((9 * k) % 40), y * side + 9 + k + ((9 * k) % 40));
      const map = Float32Array.from(mask, (m, i) => {
        const noise = lowbias32(k * side * side + i) / 2 ** 32;
        return 0.55 * noise + (0.25 * m * (1 + (k % 3))) / 2;
      });
      return { map, mask };
    });
    // anomalib at commit 5963c8e (2025) with torchmetrics 1.9.0; the definition in NumPy. anomalib averages the regions' curves
    // by their places in a list instead of by the false-positive rate, so it is near, not equal.
    for (const [limit, anomalib, definition] of [
      [0.3, 0.515281, 0.5154198628],
      [0.05, 0.404726, 0.4056136311],
    ] as const) {
      const scores = new ClassScores('Industrial', { width: side, overlapLimit: limit });
      for (const { map, mask } of images) scores.add(map, mask, Number(mask.includes(1)), 0.5);
      const ours = scores.details().exact!.aupro!;
      expect(ours).toBeCloseTo(definition, 9);
      expect(Math.abs(ours - anomalib)).toBeLessThan(0.001);
    }
  });

  test('equals its definition, ties and equal maps included', () => {
    let seen = 0;
    for (let seed = 0; seed < 300; seed++) {
      const { width, images } = pictures(seed);
      for (const limit of [0.3, 0.05, 1]) {
        const scores = new SortedScores();
        let regions = 0;
        for (const { map, mask } of images) {
          const found = connectedRegions(mask, width);
          scores.add(map, mask, 'image', found);
          regions += found.sizes.length - 1;
        }
        const { aupro } = curveFigures(scores, undefined, { regions, limit });
        if (scores.positives === 0 || scores.negatives === 0) expect(aupro).toBeUndefined();
        else {
          seen++;
          expect(Math.abs(aupro! - auproReference(images, width, limit)), `seed ${seed}, ${limit}`).toBeLessThan(1e-12);
        }
      }
    }
    expect(seen).toBeGreaterThan(500);
  });

  test('counts a small region as much as a large one, and is given with the other figures of a class', () => {
    // The small region is found at once, the large one last; no normal pixel is above either until the end.
    const map = Float32Array.of(0.9, 0.5, 0.1, 0.1, 0.1, 0.1);
    const mask = [1, 0, 1, 1, 1, 1];
    const scores = new ClassScores('Industrial', { width: 6 });
    scores.add(map, mask, 1, 0.5);
    scores.add(new Float32Array(6), undefined, 0, 0.1);
    // One of seven normal pixels is above the large region: PRO is 1/2 up to a rate of 1/7, then 1.
    const [first, limit] = [1 / 7, 0.3];
    expect(scores.figures().pixelAupro).toBeCloseTo(100 * ((0.5 * first + (limit - first)) / limit), 1);
    const plain = new ClassScores('Industrial');
    plain.add(map, mask, 1, 0.5);
    expect(plain.figures().pixelAupro).toBeNull();
  });

  test('takes the regions of a map by its own width, where maps of a class differ', () => {
    const aupro = (width: number | undefined): number | null => {
      const scores = new ClassScores('Industrial', { width: 6 });
      scores.add(new Float32Array(6).fill(0.5), undefined, 0, 0.1);
      // In rows of three pixels one region of three, in a row of six one of two and one of one.
      scores.add(Float32Array.of(0.9, 0.9, 0.2, 0.2, 0.2, 0.1), [1, 1, 0, 0, 0, 1], 1, 0.5, width);
      return scores.figures().pixelAupro;
    };
    expect(aupro(3)).toBeCloseTo(100 * (2 / 3), 1);
    expect(aupro(undefined)).toBeCloseTo(50, 1);
  });
});

describe('scores in a file', () => {
  const walked = (scores: ScoreWalk): ScoreCount[] => {
    const seen: ScoreCount[] = [];
    scores.walk((count) => seen.push(count));
    return seen;
  };

  test('are visited as those in memory, and leave no file behind', () => {
    const folder = mkdtempSync(join(tmpdir(), 'aaclip-words-'));
    try {
      const inMemory = new SortedScores();
      using inFile = new SortedScores({ bytes: 9_000_000, openStore: () => openWordFile(folder) }, true);
      const n = 500_000;
      for (let part = 0; part < 13; part++) {
        const map = new Float32Array(n);
        const mask = new Uint8Array(n);
        const labels = new Uint32Array(n);
        for (let i = 0; i < n; i++) {
          const kind = (i + part) % 10;
          map[i] = kind < 4 ? 0.25 : kind < 7 ? (Math.imul(i + part, 2654435761) >>> 16) / 2 ** 16 : -(i % 1013) / 7;
          mask[i] = Number(i % 3 === 0);
          labels[i] = 1 + (i % 5);
        }
        for (const scores of [inMemory, inFile]) scores.add(map, mask, 'part', { labels, sizes: [0, 1, 2, 3, 4, 5] });
      }
      expect([inMemory.spilled, inFile.spilled]).toEqual([false, true]);
      const want = walked(inMemory);
      expect(want.length).toBeGreaterThan(40_000);
      const expectSame = (got: readonly ScoreCount[]): void => {
        expect(got.length).toBe(want.length);
        const wrong = got.filter(
          (g, i) =>
            g.score !== want[i]!.score ||
            g.positives !== want[i]!.positives ||
            g.negatives !== want[i]!.negatives ||
            Math.abs(g.regions - want[i]!.regions) > 1e-9 * want[i]!.regions,
        );
        expect(wrong).toEqual([]);
      };
      for (let round = 0; round < 2; round++) expectSame(walked(inFile));
      // Every image once is all of them; the first seven and the last six, each three times, are three times as much.
      const weighted = (weight: (image: number) => number): ScoreCount[] =>
        walked(inFile.weighted(Array.from({ length: 13 }, (_, image) => weight(image))));
      expectSame(weighted(() => 1));
      const parts = new Map<number, ScoreCount>();
      for (const count of [...weighted((i) => (i < 7 ? 3 : 0)), ...weighted((i) => (i < 7 ? 0 : 3))]) {
        const { positives, negatives, regions } = parts.get(count.score) ?? { positives: 0, negatives: 0, regions: 0 };
        parts.set(count.score, {
          score: count.score,
          positives: positives + count.positives / 3,
          negatives: negatives + count.negatives / 3,
          regions: regions + count.regions / 3,
        });
      }
      expectSame([...parts.values()].sort((a, b) => b.score - a.score));
      if (process.platform !== 'win32') expect(readdirSync(folder)).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true });
    }
    expect(existsSync(folder)).toBe(false);
  });

  test('name the folder where they cannot be written', () => {
    expect(() => openWordFile(join(tmpdir(), 'no', 'such', 'folder'))).toThrow(
      /folder: cannot write: no such file or folder/,
    );
  });
});
