/** Calibrating a class: each good picture is judged by the others, what is kept, what is refused, what is left on failure. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CalibrateOptions, type CalibrationReport, calibrate } from '../../src/calibrate/calibrate.js';
import { type Calibration, encodeCalibration } from '../../src/detect/calibration.js';
import type { Detection } from '../../src/detect/detection.js';
import type { Detector } from '../../src/detect/detector.js';
import { evidenceMap, peakValue } from '../../src/detect/evidence.js';
import type { DecodedPicture } from '../../src/detect/sources.js';
import { unpackF16 } from '../../src/io/dtype.js';
import { loadDetector } from '../../src/node/node_library.js';
import { upright } from '../../src/picture/orientation.js';
import { liveTensors } from '../../src/tensor/tensor.js';
import { device } from '../devices.js';
import { type Arr, arr } from '../reference/arr.js';
import { nearestNeighbour } from '../reference/nearest_neighbour.js';
import { alongBoth, bilinear } from '../reference/resample.js';

const [S, G] = [56, 4];
/** Patches of a picture. */
const PATCHES = G * G;

/** A picture of coloured noise, which differs from every other. */
function noise(name: string): DecodedPicture {
  const { data } = arr([S, S, 3], name, 50, 128);
  return { name, width: S, height: S, data: Uint8Array.from(data, (v) => Math.min(255, Math.max(0, v))) };
}
const good = ['g0', 'g1', 'g2', 'g3', 'g4', 'g5'].map(noise);
const bad = ['b0', 'b1', 'b2'].map(noise);

let detector: Detector;
beforeAll(async () => {
  detector = await loadDetector({
    ...{ weights: 'synthetic:tiny', adapters: 'synthetic', classes: ['cloth', 'nut'], imageSize: S },
    gpu: await device(),
  });
});
afterAll(() => detector[Symbol.dispose]());

const calibrated = (options: CalibrateOptions = {}, pictures = good.slice(0, 4)): Promise<CalibrationReport> =>
  calibrate(detector, 'cloth', pictures, options);

async function judge(pictures: readonly DecodedPicture[], className = 'cloth'): Promise<Detection[]> {
  const found: Detection[] = [];
  for await (const one of detector.detect(pictures, className)) found.push(one);
  return found;
}

async function bytesOf(calibration: Calibration): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of encodeCalibration(calibration)) parts.push(part);
  return Buffer.concat(parts);
}

/** References of a level as rows in float64. */
function rowsOf({ references }: Calibration, level: number): Arr {
  const { values, width } = references.get(level)!;
  return { shape: [values.length / width, width], data: Float64Array.from(unpackF16(values)) };
}

const patchesOf = ({ references }: Calibration): number[] =>
  [...references.values()].map(({ values, width }) => values.length / width);

describe('good pictures', () => {
  it('are judged by the references of the others, and are at no distance from the references of all', async () => {
    const { calibration, good: judged } = await calibrated();
    expect(patchesOf(calibration)).toEqual([4, 4, 4, 4].map((n) => n * PATCHES));
    const found = await judge(good.slice(0, 4));
    const distances: number[] = [];
    for (const [i, { map, distances: own }] of found.entries()) {
      // Up to the rounding of references to f16.
      expect(peakValue(own!)).toBeLessThan(1e-3);
      // What is kept of a picture lies together, in the order of the pictures.
      const sum = new Float64Array(PATCHES);
      for (const level of calibration.references.keys()) {
        const rows = rowsOf(calibration, level);
        const [, width] = rows.shape as [number, number];
        const at = i * PATCHES * width;
        const mine = rows.data.slice(at, at + PATCHES * width);
        const others = [...rows.data.slice(0, at), ...rows.data.slice(at + PATCHES * width)];
        const memory = { shape: [3 * PATCHES, width], data: Float64Array.from(others) };
        const { cosine } = nearestNeighbour({ shape: [PATCHES, width], data: mine }, memory);
        for (const [p, c] of cosine.data.entries()) sum[p]! += 1 - c;
      }
      const { data } = alongBoth({ shape: [G, G], data: sum }, S, S, bilinear);
      distances.push(Math.max(...data));
      const plain = { ...map, data: Float32Array.from(data) };
      expect(judged[i]!.name).toBe(good[i]!.name);
      expect(judged[i]!.value).toBeCloseTo(peakValue(evidenceMap(map, plain, calibration.combination)), 1);
    }
    expect(Math.min(...distances)).toBeGreaterThan(0.01);
    const mean = distances.reduce((a, b) => a + b) / 4;
    const squares = distances.reduce((total, d) => total + (d - mean) ** 2, 0);
    const { distance } = calibration.combination;
    expect(distance!.mean).toBeCloseTo(mean, 3);
    expect(distance!.weight * Math.max(Math.sqrt(squares / 3), 0.01 * mean)).toBeCloseTo(0.7, 1);
  });

  it('beyond the pool are judged by all references', async () => {
    // References are chosen from four times one picture.
    const { good: judged, calibration } = await calibrated({ references: 1 }, good);
    expect(patchesOf(calibration)).toEqual([PATCHES, PATCHES, PATCHES, PATCHES]);
    const again = (await judge(good)).map(({ map, distances }) =>
      peakValue(evidenceMap(map, distances, calibration.combination)),
    );
    const same = judged.filter(({ value }, i) => Math.abs(value - again[i]!) < 1e-3);
    expect(same).toHaveLength(2);
    for (const [i, { value }] of judged.entries()) expect(value).toBeGreaterThan(again[i]! - 1e-3);
  });

  it('that contain a faulty one: it is named, and none where there is none', async () => {
    const black = { name: 'black', width: S, height: S, data: new Uint8Array(3 * S * S) };
    const { standsOut, good: judged } = await calibrated({}, [...good.slice(0, 2), black, ...good.slice(2)]);
    expect(standsOut).toEqual(judged[2]);
    expect(standsOut!.name).toBe('black');
    expect((await calibrated({}, good)).standsOut).toBeUndefined();
  });

  it('that are copies of one picture make a calibration of finite numbers', async () => {
    const { calibration } = await calibrated({ references: 1 }, [good[0]!, good[0]!, good[0]!, good[0]!, good[0]!]);
    const { combination, scale } = calibration;
    // A patch of each picture is kept, also where the core set has none of it.
    for (const count of patchesOf(calibration)) expect(count).toBeLessThanOrEqual(PATCHES + 3);
    for (const v of [combination.zeroShot.weight, combination.distance!.weight, scale.good, scale.threshold])
      expect(Number.isFinite(v)).toBe(true);
    const [same, other] = await judge([good[0]!, good[1]!]);
    expect(same!.decision.anomalous).toBe(false);
    expect(other!.decision.anomalous).toBe(true);
  });
});

describe('references', () => {
  it('are a core set of as many patches as wanted, drawn by a seed', async () => {
    const at = async (seed: number): Promise<Buffer> => {
      const { calibration } = await calibrated({ references: 2, seed }, good);
      expect(patchesOf(calibration)).toEqual([1, 1, 1, 1].map((n) => n * 2 * PATCHES));
      return bytesOf(calibration);
    };
    const [one, again, other] = [await at(0), await at(0), await at(1)];
    expect(again.equals(one)).toBe(true);
    expect(other.equals(one)).toBe(false);
  });

  it('may be none', async () => {
    const { calibration } = await calibrated({ references: 0 });
    expect(calibration.references.size).toBe(0);
    expect(calibration.combination.distance).toBeUndefined();
    const [found] = await judge(good);
    expect(found!.distances).toBeUndefined();
    expect(found!.decision.source).toBe('calibration');
  });

  it('of turned copies make a turned picture near', async () => {
    const turned = upright({ ...good[0]!, name: 'turned', channels: 3, data: Uint8Array.from(good[0]!.data) }, 6);
    await calibrated();
    const [far] = await judge([turned]);
    const { calibration } = await calibrated({ turned: [6] });
    expect(patchesOf(calibration)).toEqual([1, 1, 1, 1].map((n) => n * 4 * 2 * PATCHES));
    const [near] = await judge([turned]);
    expect(peakValue(near!.distances!)).toBeLessThan(1e-3);
    expect(peakValue(far!.distances!)).toBeGreaterThan(0.01);
  });
});

describe('a calibration', () => {
  it('decides from then on, by its threshold, and on its class alone; its scores and maps stay', async () => {
    detector.dropCalibration('cloth');
    const before = await judge([...good, ...bad]);
    const { calibration, good: judged } = await calibrated({ falseAlarms: 0.2 });
    const after = await judge([...good, ...bad]);
    for (const [i, one] of after.entries()) {
      expect([one.score, one.imageScore, one.peak]).toEqual([before[i]!.score, before[i]!.imageScore, before[i]!.peak]);
      expect(one.map).toEqual(before[i]!.map);
      expect(one.sum).toEqual(before[i]!.sum);
      expect(one.decision.source).toBe('calibration');
    }
    expect(calibration.rule).toMatchObject({ kind: 'false_alarms', wanted: 0.2, kept: true, expected: 0.2 });
    const { threshold } = calibration.scale;
    const highest = Math.max(...judged.map(({ value }) => value));
    expect(threshold).toBeGreaterThan(highest);
    expect(threshold).toBeCloseTo(highest, 12);
    const [other] = await judge([good[0]!], 'nut');
    expect(other).toMatchObject({ distances: undefined, decision: { source: 'preset' } });
    detector.dropCalibration('cloth');
    const [dropped] = await judge([good[0]!]);
    expect(dropped).toMatchObject({ distances: undefined, decision: { source: 'preset' } });
  });

  it('of faulty pictures has the threshold with the highest F1, and is the same from its file', async () => {
    const { calibration, bad: judged } = await calibrated({ bad });
    expect(calibration).toMatchObject({ good: 4, faulty: 3, rule: { kind: 'f1_max' } });
    expect(judged.map(({ name }) => name)).toEqual(['b0', 'b1', 'b2']);
    const decisions = async () =>
      (await judge([...good, ...bad])).map(({ decision: { map, evidence, ...rest } }) => {
        return { ...rest, map: map(), evidence: evidence.map().data };
      });
    const wanted = await decisions();
    const { rule } = calibration;
    if (rule.kind !== 'f1_max') throw new Error('expected F1');
    expect(wanted.slice(-3).filter(({ anomalous }) => !anomalous)).toHaveLength(rule.missed);
    detector.dropCalibration('cloth');
    const opened = await detector.openCalibration(await bytesOf(calibration));
    expect(opened).toEqual(calibration);
    expect(await decisions()).toEqual(wanted);
    expect([...detector.calibrations.keys()]).toEqual(['cloth']);
  });

  it('tells how far it is, and leaves nothing on the device but its references', async () => {
    detector.dropCalibration('cloth');
    const gpu = await device();
    const before = liveTensors(gpu);
    const seen: (readonly [number, number])[] = [];
    await calibrated({ bad, references: 1, turned: [3], onProgress: (done, total) => seen.push([done, total]) }, good);
    // Twice the pool of four, then every picture.
    const total = 4 * 2 + 6 + 3;
    expect(seen).toEqual(Array.from({ length: total }, (_, i) => [i + 1, total]));
    detector.dropCalibration('cloth');
    expect(liveTensors(gpu), 'tensors left behind').toBe(before);
  });
});

it('pictures in tiles are compared tile by tile', async () => {
  using tiled = await loadDetector({
    ...{ weights: 'synthetic:tiny', adapters: 'synthetic', classes: ['cloth'], imageSize: S },
    ...{ tile: { size: S, overlap: 14 }, gpu: await device() },
  });
  const wide = ['w0', 'w1', 'w2', 'w3'].map((name): DecodedPicture => {
    const parts = [noise(name), noise(`${name} right`)];
    const rows = Array.from({ length: S }, (_, y) =>
      parts.flatMap(({ data }) => [...data.subarray(3 * S * y, 3 * S * (y + 1))]),
    );
    return { name, width: 2 * S, height: S, data: Uint8Array.from(rows.flat()) };
  });
  const { calibration } = await calibrate(tiled, 'cloth', wide.slice(0, 3));
  expect(calibration.model.tile).toEqual({ size: S, overlap: 14 });
  expect(calibration.combination.distance!.mean).toBeGreaterThan(0.01);
  const peaks: number[] = [];
  for await (const { distances } of tiled.detect(wide, 'cloth')) peaks.push(peakValue(distances!));
  expect(Math.max(...peaks.slice(0, 3))).toBeLessThan(1e-3);
  expect(peaks[3]).toBeGreaterThan(0.01);
});

describe('is refused', () => {
  it.each<[string, RegExp, CalibrateOptions]>([
    ['references', /^references: expected a number of pictures, 0 or more, got -1$/, { references: -1 }],
    ['references', /^references: expected .* got 1.5$/, { references: 1.5 }],
    ['a rate', /^false-alarm rate: expected a share between 0 and 1, .* got 2$/, { falseAlarms: 2 }],
    ['a confidence', /^confidence: expected a share between 0 and 1, .* got 1$/, { confidence: 1 }],
  ])('%s that says nothing, before a picture is scored: %s', async (_, message, options) => {
    const onProgress = (): never => expect.unreachable();
    await expect(calibrated({ ...options, onProgress })).rejects.toMatchObject({
      code: 'options',
      message: expect.stringMatching(message),
    });
  });

  it('with too few pictures, or of a class that was not loaded', async () => {
    await expect(calibrated({}, good.slice(0, 2))).rejects.toMatchObject({
      code: 'options',
      message: 'calibrate: expected at least 3 good pictures of cloth, got 2: 8 are a start, 40 and more are better',
    });
    await expect(calibrate(detector, 'gear', good)).rejects.toMatchObject({
      ...{ code: 'class', message: 'calibrate: class "gear" was not loaded' },
    });
  });

  it('a picture that cannot be read, or on demand, and the class is decided on as before', async () => {
    const { calibration } = await calibrated({ falseAlarms: 0.3 });
    const [wanted] = await judge([good[4]!]);
    const broken = { name: 'broken.png', width: S, height: S, data: new Uint8Array(5) };
    const stop = new AbortController();
    for (const [options, pictures] of [
      [{}, [...good.slice(0, 3), broken]],
      [{ bad: [broken] }, good],
      [{ signal: stop.signal, onProgress: (done: number) => done === 5 && stop.abort() }, good],
    ] as const) {
      await expect(calibrated(options, [...pictures])).rejects.toMatchObject({
        code: 'signal' in options ? 'aborted' : 'picture',
      });
      expect(detector.calibrations.get('cloth')).toBe(calibration);
      const [again] = await judge([good[4]!]);
      expect(again!.distances).toEqual(wanted!.distances);
      expect(again!.decision.score).toBe(wanted!.decision.score);
    }
  });
});
