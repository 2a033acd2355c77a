/** Decisions in an exported model, compared with detect's. */
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { calibratedDecision } from '../../src/detect/calibrated_decision.js';
import type { Calibration } from '../../src/detect/calibration.js';
import { DecisionRules, type DomainRule } from '../../src/detect/decision_rules.js';
import { evidenceMap, peakValue } from '../../src/detect/evidence.js';
import type { ReferenceRows } from '../../src/detect/reference_rows.js';
import { logit, onScale } from '../../src/detect/score_scale.js';
import { packF16, unpackF16 } from '../../src/io/dtype.js';
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
import { read, type Tensor, tidy, upload } from '../../src/tensor/tensor.js';
import { device } from '../devices.js';
import { drawSample } from '../train/pictures.js';
import { apart, describeHere, exportHere, openInOrt, runHere, runInOrt } from './exported.js';

const SIZE = 56;
const PIXELS = SIZE * SIZE;
const PATCHES = 16;
const APRIL = fileURLToPath(new URL('../goldens/method.april_gan.tiny.pth', import.meta.url));

async function prepared(...samples: readonly number[]): Promise<Tensor> {
  return preparePictures(
    await device(),
    samples.map((i) => drawSample(i).picture),
    SIZE,
  );
}

/** The same scales for every class of a domain. */
class FixedRules extends DecisionRules {
  readonly #rules: { readonly Industrial: DomainRule; readonly Medical: DomainRule };

  constructor(rules: { readonly Industrial: DomainRule; readonly Medical: DomainRule }) {
    super();
    this.#rules = rules;
  }

  override ofDomain(domain: 'Industrial' | 'Medical'): DomainRule {
    return this.#rules[domain];
  }
}

const ruleAt = (score: number, map: number): DomainRule => ({
  ...{ source: 'training', rule: 'a rule' },
  score: { good: score - 0.5, threshold: score, faulty: score + 2 },
  map: { good: map - 1, threshold: map, faulty: map + 1 },
});

/** How many pixels differ between two masks. */
const others = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).filter((v, i) => v !== b[i]).length;

it('by scores: places on a scale, verdicts and masks of both domains', async () => {
  const classes = [{ name: 'screw' }, { name: 'brain', domain: 'Medical' as const }];
  const described = await describeHere({ weights: 'tiny', adapters: 'tiny', classes, imageSize: SIZE });
  using images = await prepared(1, 2, 3);
  const want = await runHere(described, images, ['screw', 'brain', 'screw']);
  const values = [...want.score].map(logit);
  const peaks = [0, 1, 2].map((i) => logit(Math.max(...want.map.subarray(i * PIXELS, (i + 1) * PIXELS))));
  // The first and the last picture, of one class, fall on different sides.
  const Industrial = ruleAt((values[0]! + values[2]!) / 2, peaks[0]! - 0.05);
  const Medical = ruleAt(values[1]! + 0.2, peaks[1]! - 0.1);
  const rules = [Industrial, Medical, Industrial];
  const model = await exportHere({ ...described, decisions: new FixedRules({ Industrial, Medical }) });
  expect(JSON.parse(model.metadata['aaclip.decisions']!)).toMatchObject([Industrial, Medical]);
  const session = await openInOrt(model);
  const got = await runInOrt(session, { data: await read(images), dims: [3, 3, SIZE, SIZE] }, [0, 1, 0]);
  const places = Float32Array.from(values, (v, i) => onScale(v, rules[i]!.score));
  expect(apart(got.normalized_score, places)).toBeLessThan(1e-4);
  expect([...got.anomalous].map(Boolean)).toEqual(values.map((v, i) => v >= rules[i]!.score.threshold));
  expect(new Set([got.anomalous[0], got.anomalous[2]]).size).toBe(2);
  const marked = [...want.map].map((v, i) => Number(logit(v) >= rules[Math.floor(i / PIXELS)]!.map.threshold));
  expect(marked.filter(Boolean).length).toBeGreaterThan(20);
  expect(others(marked, got.mask)).toBeLessThan(3); // values that fall on the threshold
  await session.release();
});

it('by calibrations: log-odds and distances to references, beside a class without one', async () => {
  const gpu = await device();
  const classes = ['screw', 'cable', 'bottle'];
  const described = await describeHere({ weights: 'synthetic:tiny', adapters: APRIL, classes, imageSize: SIZE });
  const { clip, config, settings, adapters } = described;
  using tower = await loadVision(gpu, clip, config, SIZE, settings);
  using layers = await loadLinearLayers(gpu, adapters!.image!);
  using images = await prepared(1, 2, 3);
  using good = await prepared(4, 6);
  const seen = [images, good].map((x) => aprilGanFeatures(x, tower, layers.weights));
  /** Unit patches of a good picture at a level, the first `count`. */
  const rows = async (picture: number, level: number, count = PATCHES): Promise<ReferenceRows> => {
    using unit = tidy(() => l2Normalize(slice(slice(seen[1]!.raw[level]!, 0, picture, 1), 1, 0, count)));
    return { values: packF16(await read(unit)), width: config.visionWidth };
  };
  // Not the same levels, nor as many rows.
  const references = [
    new Map([
      [0, await rows(0, 0)],
      [2, await rows(0, 2)],
    ]),
    new Map([[0, await rows(1, 0, 5)]]),
  ];
  const shares = await runHere(described, images, classes);
  const expected = [];
  for (const [i, own] of references.entries()) {
    const banks = [...own.values()].map(({ values, width }) =>
      upload(gpu, unpackF16(values), [values.length / width, width]),
    );
    const raw = [...own.keys()].map((level) => tidy(() => slice(seen[0]!.raw[level]!, 0, i, 1)));
    const memory = aprilGanMemory(banks);
    using few = aprilGanFewMap(raw, memory, SIZE);
    const [map, distances] = [shares.map.slice(i * PIXELS, (i + 1) * PIXELS), await read(few)].map((data) => {
      return { width: SIZE, height: SIZE, data: data! };
    });
    const combination = { zeroShot: { mean: 0.2, weight: 0.5 }, distance: { mean: 0.1, weight: 3 + i } };
    const peak = peakValue(evidenceMap(map!, distances, combination));
    // The peak lies within the scale, and the threshold divides the map.
    const scale = { good: peak - 2, threshold: peak - 0.3, faulty: peak + 0.6 };
    const rule = { kind: 'f1_max', f1: 1, falseAlarms: 0, missed: 0 } as const;
    const calibration: Calibration = {
      ...{ className: classes[i]!, words: classes[i]!, domain: 'Industrial', model: await described.identity() },
      ...{ combination, scale, rule, good: 5, faulty: 2, references: own },
    };
    described.decisions.calibrations.set(classes[i]!, calibration);
    expected.push(calibratedDecision(calibration, { map: map!, distances }));
    for (const t of [...banks, ...raw]) t.release();
    for (const bank of memory) bank[Symbol.dispose]();
  }
  const model = await exportHere(described);
  expect(model.metadata['aaclip.decisions']).toContain(
    'calibration of screw: 5 good and 2 faulty pictures, highest F1',
  );
  const session = await openInOrt(model);
  const got = await runInOrt(session, { data: await read(images), dims: [3, 3, SIZE, SIZE] }, [0, 1, 2]);
  const preset = onScale(logit(shares.score[2]!), described.decisions.ofDomain('Industrial').score);
  const places = Float32Array.of(...expected.map((d) => d.score), preset);
  expect([...places].every((v) => v > 0.05 && v < 0.75)).toBe(true);
  expect(apart(got.normalized_score, places)).toBeLessThan(1e-4);
  expect([...got.anomalous]).toEqual([1, 1, Number(preset >= 0.5)]);
  for (const [i, decision] of expected.entries()) {
    const marked = Array.from(decision.map().data, (v) => Number(v >= 0.5));
    expect(marked.filter(Boolean).length).toBeGreaterThan(20);
    expect(others(marked, got.mask.subarray(i * PIXELS, (i + 1) * PIXELS))).toBeLessThan(3);
  }
  await session.release();
  for (const { cls, raw, patches } of seen) for (const t of [cls, ...raw, ...patches]) t.release();
});
