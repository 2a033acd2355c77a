/** The two towers that are pre-trained: made from scratch or read from a file, and written to a file. */
import {
  type ClipTensors,
  type Gpu,
  loadText,
  loadVision,
  openClip,
  rawF32,
  read,
  resizePositional,
  syntheticClip,
  type TensorToWrite,
  type TextTower,
  tidy,
  toWrite,
  transpose,
  upload,
  VIT_L_14_336,
  type VisionTower,
  writeAtomically,
  writeSafetensors,
} from '#src/node/node';
import { halfPrecision } from './half_precision.js';
import { initialWeights } from './initial.js';
import type { PretrainOptions } from './pretrain_options.js';

/** Sizes of the embedded model: 64-wide heads, patches of 16 pixels, a grid of 8 x 8 at 128 px. */
export const SIZES = {
  ...VIT_L_14_336,
  embed: 128,
  patch: 16,
  image: 128,
  visionWidth: 128,
  visionLayers: 4,
  visionHeads: 2,
  textWidth: 128,
  textLayers: 3,
  textHeads: 2,
  levels: [1, 2, 3, 4],
};

export interface Towers {
  readonly vision: VisionTower;
  readonly text: TextTower;
  /** Ids of the token table's rows. */
  readonly tokens: readonly number[];
}

/** The same weights with a positional grid of another size. */
async function enlarged(gpu: Gpu, clip: ClipTensors, grid: number): Promise<ClipTensors> {
  const name = 'visual.positional_embedding';
  const shape = [1 + grid * grid, SIZES.visionWidth];
  const old = await clip.readF32(name);
  const table = upload(gpu, old, [old.length / SIZES.visionWidth, SIZES.visionWidth]);
  const resized = tidy(() => resizePositional(table, grid));
  const values = await read(resized);
  return {
    ...clip,
    shape: (n) => (n === name ? shape : clip.shape(n)),
    readF32: async (n) => (n === name ? values : clip.readF32(n)),
  };
}

/**
 * The towers, all of whose weights can be trained.
 * @param tokens ids of the token table's rows; a file to start from has its own
 */
export async function loadTowers(
  gpu: Gpu,
  tokens: readonly number[],
  { from, seed, size, levels }: Pick<PretrainOptions, 'from' | 'seed' | 'size' | 'levels'>,
): Promise<Towers> {
  const clip = from === undefined ? undefined : await enlarged(gpu, await openClip(from), size / SIZES.patch);
  const kept = clip ? [...(await clip.readF32('token_ids'))] : tokens;
  const config = { ...SIZES, image: size, vocab: kept.length };
  const weights = clip ?? initialWeights(syntheticClip(config, seed), config, kept, seed);
  const load = { activation: 'gelu', trainable: true, roundProducts: true } as const;
  return {
    vision: await loadVision(gpu, weights, { ...config, levels }, size, load),
    text: await loadText(gpu, weights, config, load),
    tokens: kept,
  };
}

/**
 * Writes the weights as they are now, in f16.
 * @param scale factor of the cosines
 */
export async function writeTowers(
  path: string,
  { vision, text, tokens }: Towers,
  scale: number,
  metadata: Readonly<Record<string, string>>,
): Promise<void> {
  const tensors: TensorToWrite[] = [];
  for (const { name, tensor, shape, transposed } of [...vision.named, ...text.named]) {
    const values = await read(tensor);
    const [rows, columns] = shape as [number, number];
    tensors.push(halfPrecision(name, shape, transposed ? transpose(values, columns, rows) : values));
  }
  const ids = new Uint8Array(Int32Array.from(tokens).buffer);
  tensors.push(toWrite('token_ids', { dtype: 'I32', shape: [tokens.length], bytes: ids }));
  tensors.push(toWrite('logit_scale', rawF32([], Float32Array.of(Math.log(scale)))));
  await writeAtomically(path, writeSafetensors(tensors, metadata));
}
