/** `npm run references`, in small: its figures are those of a plain computation, and references do not harm. */
import { beforeAll, describe, expect, test } from 'vitest';
import type { Detector } from '../../src/detect/detector.js';
import { loadDetector } from '../../src/node/node_library.js';
import { findClass, planDataset } from '../../tools/pictures/index.js';
import { tableRows } from '../../tools/references/measure.js';
import { type Areas, areasOf, type JudgedPicture, judgePictures, WAYS, type Way } from '../../tools/references/ways.js';
import { drawPictures, SIZE } from '../../tools/tiny/held_out.js';
import { device } from '../devices.js';
import { aurocReference } from '../reference/curve.js';

const CLASSES = ['knit', 'key'];
const REFERENCES = 4;
const EACH = REFERENCES + 10;

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

/** Scales values so that those of `range` go from 0 to 1. */
function scaled(values: readonly number[], range: readonly ArrayLike<number>[]): number[] {
  const ends = range.map((part) =>
    Array.from(part).reduce(([a, b], v) => [Math.min(a!, v), Math.max(b!, v)], [Infinity, -Infinity]),
  );
  const low = Math.min(...ends.map(([least]) => least!));
  const high = Math.max(...ends.map(([, most]) => most!));
  return values.map((v) => (v - low) / (high - low));
}

/** Every 197th pixel: the plain computation looks at every pair. */
const thinned = (values: ArrayLike<number>): number[] => Array.from(values).filter((_, i) => i % 197 === 0);

/** The mean of peak and score of the whole picture, each scaled over the class: the maps by all of their pixels. */
function publishedScores(judged: readonly JudgedPicture[], peaks: readonly number[]): number[] {
  const whole = judged.map(({ ways }) => ways['zero-shot'].imageScore!);
  const maps = judged.map(({ ways }) => ways['zero-shot'].map);
  const scores = scaled(whole, [whole]);
  return scaled(peaks, maps).map((peak, i) => (peak + scores[i]!) / 2);
}

/** The areas of a class by their definition, the pixels' over some of the pixels. */
function plainAreas(judged: readonly JudgedPicture[], way: Way): Areas {
  const pixels = judged.flatMap(({ ways }) => thinned(ways[way].map));
  const marked = judged.flatMap(({ mask }) => thinned(mask));
  const peaks = judged.map(({ ways }) => ways[way].map.reduce((a, b) => Math.max(a, b)));
  const labels = judged.map(({ label }) => label);
  const scores = way === 'zero-shot' ? publishedScores(judged, peaks) : peaks;
  return { pixel: 100 * aurocReference(pixels, marked), image: 100 * aurocReference(scores, labels) };
}

describe('ways of telling faulty pictures', () => {
  const found: JudgedPicture[][] = [];
  const areas: Record<Way, Areas>[] = [];
  let calibrations: Detector['calibrations'];
  beforeAll(async () => {
    const planned = planDataset({
      ...{ classes: CLASSES, setup: 'bench', seed: 31, size: SIZE },
      ...{ train: REFERENCES, normal: 5, anomalous: 5 },
    });
    const pictures = await drawPictures(planned);
    using detector = await loadDetector({
      ...{ weights: 'tiny', adapters: 'tiny', imageSize: SIZE, gpu: await device() },
      classes: CLASSES.map((name) => ({ name, words: findClass(name).words })),
    });
    for (const [i, className] of CLASSES.entries()) {
      const own = pictures.slice(EACH * i, EACH * (i + 1));
      const [good, tested] = [own.slice(0, REFERENCES), own.slice(REFERENCES)];
      expect(good.every(({ label }) => label === 0)).toBe(true);
      const judged = await judgePictures(detector, className, good, tested, SIZE);
      found.push(judged);
      areas.push({
        'zero-shot': areasOf(judged, 'zero-shot'),
        references: areasOf(judged, 'references'),
        both: areasOf(judged, 'both'),
      });
    }
    calibrations = detector.calibrations;
  }, 300_000);

  test.each(WAYS)('%s: pixel and image AUROC are those of all pairs', (way) => {
    for (const [i, judged] of found.entries()) {
      const plain = plainAreas(judged, way);
      expect(areas[i]![way].image).toBeCloseTo(plain.image, 1);
      const some = judged.map(({ label, mask, ways }) => {
        const { map, ...rest } = ways[way];
        return {
          ...{ label, mask: Uint8Array.from(thinned(mask)) },
          ways: { ...ways, [way]: { ...rest, map: Float32Array.from(thinned(map)) } },
        };
      });
      expect(areasOf(some, way).pixel).toBeCloseTo(plain.pixel, 1);
    }
  });

  test('every picture has its label and its mask, half of them a fault, and no calibration stays', () => {
    for (const judged of found) {
      expect(judged.map(({ label }) => label)).toEqual([0, 0, 0, 0, 0, 1, 1, 1, 1, 1]);
      for (const { label, mask } of judged) expect(mask.includes(1)).toBe(label === 1);
    }
    expect(calibrations.size).toBe(0);
  });

  test('both together are at most 3 points below the zero-shot figures', () => {
    const of = (way: Way, kind: keyof Areas): number => mean(areas.map((own) => own[way][kind]));
    for (const kind of ['pixel', 'image'] as const) {
      expect(of('both', kind), kind).toBeGreaterThan(of('zero-shot', kind) - 3);
      expect(of('references', kind), kind).toBeGreaterThan(70);
    }
  });
});

test('a row is the mean of the classes of each seed, their mean and their sample deviation', () => {
  const areas = (pixel: number) => ({ pixel, image: 100 - pixel });
  const seed = (...values: readonly number[]) =>
    values.map((v, i) => ({
      className: `class ${i}`,
      ways: { 'zero-shot': areas(v), references: areas(v + 1), both: areas(v + 2) },
    }));
  const rows = tableRows('bench', [seed(80, 90), seed(82, 92), seed(87, 97)]);
  expect(rows.map(({ setup, way }) => [setup, way])).toEqual(WAYS.map((way) => ['bench', way]));
  expect(rows[0]!.pixel).toEqual({ mean: 88, deviation: Math.sqrt((9 + 1 + 16) / 2) });
  expect(rows[2]!.image).toEqual({ mean: 10, deviation: Math.sqrt(13) });
  expect(tableRows('any', [seed(80, 90)])[1]!.pixel).toEqual({ mean: 86, deviation: 0 });
});
