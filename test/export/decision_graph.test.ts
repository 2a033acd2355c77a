/** Decisions in an exported model, compared with the engine's maps and detect's scales. */
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { logit, onScale } from '../../src/detect/score_scale.js';
import type { GraphDecision } from '../../src/export/decision_graph.js';
import {
  aprilGanFeatures,
  aprilGanFewMap,
  aprilGanMemory,
  loadLinearLayers,
} from '../../src/model/methods/april_gan.js';
import { loadVision } from '../../src/model/vision.js';
import { l2Normalize } from '../../src/ops/l2_normalize.js';
import { slice } from '../../src/ops/slice.js';
import { preparePictures } from '../../src/picture/resize_picture.js';
import { read, type Tensor, tidy } from '../../src/tensor/tensor.js';
import { device } from '../devices.js';
import { drawSample } from '../train/pictures.js';
import { apart, describeHere, exportHere, openInOrt, runHere, runInOrt } from './exported.js';

const SIZE = 56;
const PATCHES = 16;
const APRIL = fileURLToPath(new URL('../goldens/method.april_gan.tiny.pth', import.meta.url));

async function prepared(...samples: readonly number[]): Promise<Tensor> {
  return preparePictures(
    await device(),
    samples.map((i) => drawSample(i).picture),
    SIZE,
  );
}

it('by scores: places on a scale, verdicts and masks', async () => {
  const classes = [{ name: 'screw' }, { name: 'brain', domain: 'Medical' as const }];
  const described = await describeHere({ weights: 'tiny', adapters: 'tiny', classes, imageSize: SIZE });
  using images = await prepared(1, 2, 3);
  const names = ['screw', 'brain', 'screw'];
  const want = await runHere(described, images, names);
  const values = [...want.score].map(logit);
  const peaks = [0, 1, 2].map((i) => logit(Math.max(...want.map.subarray(i * SIZE * SIZE, (i + 1) * SIZE * SIZE))));
  const decision = (threshold: number, map: number): GraphDecision => ({
    by: 'score',
    score: { good: threshold - 0.5, threshold, faulty: threshold + 2 },
    map: { good: map - 1, threshold: map, faulty: map + 1 },
    logOdds: { mean: 0, weight: 1 },
  });
  // The first and the last picture of one class fall on different sides.
  const decisions = [
    decision((values[0]! + values[2]!) / 2, peaks[0]! - 0.05),
    decision(values[1]! + 0.2, peaks[1]! - 0.1),
  ];
  const session = await openInOrt(await exportHere(described, { decisions }));
  const got = await runInOrt(session, { data: await read(images), dims: [3, 3, SIZE, SIZE] }, [0, 1, 0]);
  const own = [0, 1, 0].map((c) => decisions[c]!);
  const places = Float32Array.from(values, (v, i) => onScale(v, own[i]!.score));
  expect(apart(got.normalized_score, places)).toBeLessThan(1e-4);
  expect([...got.anomalous].map(Boolean)).toEqual(values.map((v, i) => v >= own[i]!.score.threshold));
  expect(new Set([got.anomalous[0], got.anomalous[2]]).size).toBe(2);
  const marked = [...want.map].map((v, i) => Number(logit(v) >= own[Math.floor(i / (SIZE * SIZE))]!.map.threshold));
  const others = marked.filter((v, i) => v !== got.mask[i]).length;
  expect(marked.filter(Boolean).length).toBeGreaterThan(20);
  expect(others).toBeLessThan(3); // values that fall on the threshold
  await session.release();
});

it('by evidence: log-odds and distances to the references of every class', async () => {
  const gpu = await device();
  const classes = ['screw', 'cable'];
  const described = await describeHere({ weights: 'synthetic:tiny', adapters: APRIL, classes, imageSize: SIZE });
  const { clip, config, settings, adapters } = described;
  using tower = await loadVision(gpu, clip, config, SIZE, settings);
  using layers = await loadLinearLayers(gpu, adapters!.image!);
  using images = await prepared(1, 2);
  using good = await prepared(4, 6);
  const seen = [images, good].map((x) => aprilGanFeatures(x, tower, layers.weights));
  /** Unit patches of a good picture at a level, the first `count`. */
  const rows = async (picture: number, level: number, count = PATCHES): Promise<Tensor> =>
    tidy(() => l2Normalize(slice(slice(seen[1]!.raw[level]!, 0, picture, 1), 1, 0, count)));
  const banks = new Map([
    [
      0,
      new Map([
        [0, await rows(0, 0)],
        [2, await rows(0, 2)],
      ]),
    ],
    [1, new Map([[0, await rows(1, 0, 5)]])],
  ]);
  const decisions: GraphDecision[] = [];
  for (const own of banks.values()) {
    const references = new Map<number, Float32Array>();
    for (const [level, t] of own) references.set(level, await read(t));
    const scale = { good: -1, threshold: 0, faulty: 1 };
    const distance = { mean: 0.1, weight: 3 + decisions.length };
    decisions.push({
      by: 'evidence',
      score: scale,
      map: scale,
      logOdds: { mean: 0.2, weight: 0.5 },
      distance,
      references,
    });
  }
  const shares = (await runHere(described, images, classes)).map;
  const evidence = new Float32Array(shares.length);
  for (const [i, { logOdds, distance }] of decisions.entries()) {
    const levels = [...banks.get(i)!];
    const raw = levels.map(([level]) => tidy(() => slice(seen[0]!.raw[level]!, 0, i, 1)));
    const memory = aprilGanMemory(levels.map(([, t]) => t));
    const map = aprilGanFewMap(raw, memory, SIZE);
    const far = await read(map);
    far.forEach((d, at) => {
      const p = i * SIZE * SIZE + at;
      evidence[p] = logOdds.weight * (logit(shares[p]!) - logOdds.mean) + distance!.weight * (d - distance!.mean);
    });
    for (const t of [map, ...raw]) t.release();
    for (const bank of memory) bank[Symbol.dispose]();
  }
  // Peaks within the scales, and a mask that divides the map.
  const peaks = [0, 1].map((i) => Math.max(...evidence.subarray(i * SIZE * SIZE, (i + 1) * SIZE * SIZE)));
  const scaled = decisions.map((d, i): GraphDecision => {
    const scale = { good: peaks[i]! - 2, threshold: peaks[i]! - 0.3, faulty: peaks[i]! + 0.6 };
    return { ...d, score: scale, map: scale };
  });
  const session = await openInOrt(await exportHere(described, { decisions: scaled }));
  const got = await runInOrt(session, { data: await read(images), dims: [2, 3, SIZE, SIZE] }, [0, 1]);
  const places = Float32Array.from(peaks, (v, i) => onScale(v, scaled[i]!.score));
  expect([...places].every((v) => v > 0.55 && v < 0.75)).toBe(true);
  expect(apart(got.normalized_score, places)).toBeLessThan(1e-4);
  expect([...got.anomalous]).toEqual([1, 1]);
  const marked = [...evidence].map((v, i) => Number(v >= scaled[Math.floor(i / (SIZE * SIZE))]!.map.threshold));
  expect(marked.filter((v, i) => v !== got.mask[i]).length).toBeLessThan(3);
  expect(marked.filter(Boolean).length).toBeGreaterThan(20);
  await session.release();
  for (const own of banks.values()) for (const t of own.values()) t.release();
  for (const { cls, raw, patches } of seen) for (const t of [cls, ...raw, ...patches]) t.release();
});
