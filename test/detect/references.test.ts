/** Distances to references: those of plain loops, for every method, in mixed batches and in tiles; nothing else changes. */
import { describe, expect, it } from 'vitest';
import { AnomalyModel, type ModelAdapters } from '../../src/detect/anomaly_model.js';
import type { ClassTokens } from '../../src/detect/class_tokens.js';
import { type ReferenceRows, uploadReferences } from '../../src/detect/reference_rows.js';
import type { References } from '../../src/detect/references.js';
import type { DecodedPicture } from '../../src/detect/sources.js';
import { packF16, unpackF16 } from '../../src/io/dtype.js';
import { readTorchArchive } from '../../src/io/torch_archive.js';
import { openCheckpoint } from '../../src/model/methods/all_methods.js';
import { syntheticAdapters, syntheticClip, TINY } from '../../src/model/synthetic.js';
import { loadDetector } from '../../src/node/node_library.js';
import { liveTensors, persist, read, type Tensor, upload } from '../../src/tensor/tensor.js';
import { device } from '../devices.js';
import { golden } from '../golden_files.js';
import { type Arr, arr } from '../reference/arr.js';
import { l2Normalize } from '../reference/l2_normalize.js';
import { nearestNeighbour } from '../reference/nearest_neighbour.js';
import { alongBoth, bilinear } from '../reference/resample.js';
import { slice } from '../reference/shape.js';

const S = 56;
const G = S / TINY.patch;

const prompt = (word: number): Uint32Array => {
  const ids = new Uint32Array(77);
  ids.set([49406, word, 49407]);
  return ids;
};
const classes: ClassTokens[] = [
  { name: 'a', domain: 'Industrial', normal: prompt(320), abnormal: prompt(5107) },
  { name: 'b', domain: 'Industrial', normal: prompt(100), abnormal: prompt(13568) },
  { name: 'scan', domain: 'Medical', normal: prompt(7), abnormal: prompt(9) },
];

async function checkpoint(name: string): Promise<ModelAdapters> {
  return openCheckpoint((await readTorchArchive(golden(name))).tensors);
}
const METHODS: readonly (readonly [string, number, () => ModelAdapters | Promise<ModelAdapters>])[] = [
  ['AA-CLIP', 4, () => ({ text: syntheticAdapters(TINY, 5), image: syntheticAdapters(TINY, 6) })],
  ['plain CLIP', 4, () => ({})],
  ['APRIL-GAN', 4, () => checkpoint('method.april_gan.tiny.pth')],
  ['AnomalyCLIP', 1, () => checkpoint('method.anomalyclip.tiny.pth')],
];

/** Unit patch tokens [B, G G, W] of every level, in float64 from what the tower computed. */
async function levelsOf(model: AnomalyModel, images: Tensor, names: readonly string[]): Promise<Arr[]> {
  const seen: Tensor[] = [];
  model.watchLevels((tokens, level) => {
    expect(level).toBe(seen.length);
    seen.push(persist(tokens));
  });
  release(model.run(images, names));
  model.watchLevels(undefined);
  const found: Arr[] = [];
  for (const tokens of seen) {
    const all: Arr = { shape: tokens.shape, data: Float64Array.from(await read(tokens)) };
    found.push(l2Normalize(slice(all, 1, 1, tokens.dim(1) - 1)));
    tokens.release();
  }
  return found;
}

function release(scores: ReturnType<AnomalyModel['run']>): void {
  for (const t of [scores.map, scores.score, scores.distances]) t?.release();
}

/** Rows of pictures of a batch, in f16. */
function rowsOf(level: Arr, from: number, count: number): ReferenceRows {
  const { data, shape } = slice(level, 0, from, count);
  return { values: packF16(Float32Array.from(data)), width: shape[2]! };
}

const asArr = ({ values, width }: ReferenceRows): Arr => ({
  shape: [values.length / width, width],
  data: Float64Array.from(unpackF16(values)),
});

/** The map of a picture: 1 - cosine to the nearest row, summed over the levels, enlarged. */
function plainMap(levels: readonly Arr[], picture: number, references: readonly (ReferenceRows | undefined)[]): Arr {
  const sum = new Float64Array(G * G);
  for (const [level, rows] of references.entries()) {
    if (!rows) continue;
    const { cosine } = nearestNeighbour(slice(levels[level]!, 0, picture, 1), asArr(rows));
    for (const [i, c] of cosine.data.entries()) sum[i]! += 1 - c;
  }
  return alongBoth({ shape: [G, G], data: sum }, S, S, bilinear);
}

const farthest = (got: ArrayLike<number>, want: ArrayLike<number>): number =>
  Array.from(got).reduce((most, v, i) => Math.max(most, Math.abs(v - want[i]!)), 0);

describe.each(METHODS)('distances of %s', (_, count, adapters) => {
  it('are those of plain loops, in a batch of classes with references, with others and without; scores stay', async () => {
    const gpu = await device();
    const before = liveTensors(gpu);
    {
      using images = upload(gpu, Float32Array.from(arr([5, 3, S, S], 'images', 1).data), [5, 3, S, S]);
      using good = upload(gpu, Float32Array.from(arr([3, 3, S, S], 'good', 1).data), [3, 3, S, S]);
      using model = await AnomalyModel.load(gpu, {
        ...{ clip: syntheticClip(TINY, 3), classes, imageSize: S, adapters: await adapters() },
      });
      const names = ['a', 'a', 'b', 'scan', 'a'];
      const bare = model.run(images, names);
      expect(bare.distances).toBeUndefined();
      const plain = [await read(bare.map), await read(bare.score)];
      release(bare);
      const levels = await levelsOf(model, images, names);
      const kept = await levelsOf(model, good, ['a', 'a', 'a']);
      expect(levels).toHaveLength(count);
      const own = new Map<string, (ReferenceRows | undefined)[]>([
        ['a', kept.map((level) => rowsOf(level, 0, 2))],
        // Not every level need have some.
        ['scan', kept.map((level, i) => (i === 0 ? rowsOf(level, 2, 1) : undefined))],
      ]);
      for (const [name, rows] of own) {
        const levelRows = rows.flatMap((r, i) => (r ? [[i, [r]] as const] : []));
        model.setReferences(name, uploadReferences(gpu, new Map(levelRows)));
      }
      const found = model.run(images, names);
      expect([await read(found.map), await read(found.score)]).toEqual(plain);
      const distances = await read(found.distances!);
      expect(found.distances!.shape).toEqual([5, S, S]);
      release(found);
      for (const [i, name] of names.entries()) {
        const want = plainMap(levels, i, own.get(name) ?? []);
        expect(farthest(distances.subarray(i * S * S, (i + 1) * S * S), want.data), `${i} ${name}`).toBeLessThan(2e-5);
        if (own.has(name)) expect(Math.max(...want.data)).toBeGreaterThan(0.05);
      }
      for (const name of own.keys()) model.setReferences(name, undefined);
      const after = model.run(images, names);
      expect(after.distances).toBeUndefined();
      release(after);
    }
    expect(liveTensors(gpu), 'tensors left behind').toBe(before);
  });
});

/** A picture of noise, and a part of it. */
function noise(width: number, height: number): DecodedPicture {
  const { data } = arr([height, width, 3], 'noise', 60, 128);
  return { name: 'noise', width, height, data: Uint8Array.from(data) };
}
function cropped({ data, width }: DecodedPicture, x: number): DecodedPicture {
  const rows = Array.from({ length: S }, (_, y) => data.subarray(3 * (y * width + x), 3 * (y * width + x + S)));
  return { name: `at ${x}`, width: S, height: S, data: Uint8Array.from(rows.flatMap((row) => [...row])) };
}

it('distances of tiles are blended as their maps are', async () => {
  const gpu = await device();
  using detector = await loadDetector({
    ...{ weights: 'synthetic:tiny', adapters: 'synthetic', classes: ['cloth', 'nut'], imageSize: S, gpu },
  });
  const only = async (picture: DecodedPicture, className: string, tile?: { size: number; overlap: number }) => {
    for await (const found of detector.detect(picture, className, { tile })) return found;
    throw new Error('no result');
  };
  const references = (): References => {
    const values = packF16(Float32Array.from(l2Normalize(arr([20, TINY.visionWidth], 'rows', 1)).data));
    return uploadReferences(gpu, new Map([[1, [{ values, width: TINY.visionWidth }]]]));
  };
  detector.model.setReferences('cloth', references());
  // Two tiles, at 0 and at 42.
  const picture = noise(98, S);
  const tile = { size: S, overlap: 14 };
  const { distances, map } = await only(picture, 'cloth', tile);
  expect([distances!.width, distances!.height]).toEqual([map.width, map.height]);
  const parts = [await only(cropped(picture, 0), 'cloth'), await only(cropped(picture, 42), 'cloth')];
  const want = Float64Array.from({ length: 98 * S }, (_, i) => {
    const [x, y] = [i % 98, Math.floor(i / 98)];
    const right = Math.min(1, Math.max(0, (x - 42 + 0.5) / 14));
    const value = (part: number, at: number): number => parts[part]!.distances!.data[y * S + at]!;
    return (right < 1 ? (1 - right) * value(0, x) : 0) + (right > 0 ? right * value(1, x - 42) : 0);
  });
  expect(farthest(distances!.data, want)).toBeLessThan(1e-5);
  expect(Math.max(...want) - Math.min(...want)).toBeGreaterThan(0.01);
  expect((await only(picture, 'nut', tile)).distances).toBeUndefined();
});
