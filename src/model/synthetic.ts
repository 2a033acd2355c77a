/**
 * Models whose weights are a function of a seed and the tensors' names.
 *
 * With them, programs can be compared on a whole ViT-L/14 without a download, and they stand in where there are no
 * trained weights. Shapes, deviations and means are those of the expected values (`synth` in io/synth.ts).
 */
import type { AdapterTensors } from '../io/adapter_names.js';
import type { ClipTensors } from '../io/clip_names.js';
import { packF16, unpackF16 } from '../io/dtype.js';
import { synth } from '../io/synth.js';
import { rawF32 } from '../io/tensor_file.js';
import type { TensorView } from '../io/tensor_view.js';
import type { ClipConfig } from './config.js';

interface Spec {
  readonly shape: readonly number[];
  readonly std: number;
  readonly mean: number;
}

/** ViT-L/14 at 336 px, as OpenAI published it. */
export const VIT_L_14_336: ClipConfig = {
  embed: 768,
  patch: 14,
  image: 336,
  visionWidth: 1024,
  visionLayers: 24,
  visionHeads: 16,
  vocab: 49408,
  context: 77,
  textWidth: 768,
  textLayers: 12,
  textHeads: 12,
  levels: [6, 12, 18, 24],
};

/** The smallest model with every part: for tests and for trying out the program. */
export const TINY: ClipConfig = {
  ...VIT_L_14_336,
  embed: 48,
  image: 56,
  visionWidth: 128,
  visionLayers: 4,
  visionHeads: 2,
  textWidth: 64,
  textLayers: 3,
  textHeads: 1,
  levels: [1, 2, 3, 4],
};

/** Shape, deviation and mean of every tensor of CLIP's weights. */
export function clipSpecs(c: ClipConfig): Map<string, Spec> {
  const specs = new Map<string, Spec>();
  const put = (name: string, shape: readonly number[], std: number, mean = 0): void => {
    specs.set(name, { shape, std, mean });
  };
  const norm = (name: string, width: number): void => {
    put(`${name}.weight`, [width], 0.1, 1);
    put(`${name}.bias`, [width], 0.05);
  };
  const W = c.visionWidth;
  const T = c.textWidth;
  const grid = c.image / c.patch;
  put('visual.class_embedding', [W], 0.5);
  put('visual.positional_embedding', [grid * grid + 1, W], 0.3);
  put('visual.proj', [W, c.embed], W ** -0.5);
  put('visual.conv1.weight', [W, 3, c.patch, c.patch], (3 * c.patch * c.patch) ** -0.5);
  norm('visual.ln_pre', W);
  norm('visual.ln_post', W);
  for (const [tower, width, layers] of [
    ['visual.transformer', W, c.visionLayers],
    ['transformer', T, c.textLayers],
  ] as const) {
    for (let i = 0; i < layers; i++) {
      const b = `${tower}.resblocks.${i}`;
      norm(`${b}.ln_1`, width);
      norm(`${b}.ln_2`, width);
      put(`${b}.attn.in_proj_weight`, [3 * width, width], 1.5 * width ** -0.5);
      put(`${b}.attn.in_proj_bias`, [3 * width], 0.05);
      put(`${b}.attn.out_proj.weight`, [width, width], 0.5 * width ** -0.5);
      put(`${b}.attn.out_proj.bias`, [width], 0.02);
      put(`${b}.mlp.c_fc.weight`, [4 * width, width], width ** -0.5);
      put(`${b}.mlp.c_fc.bias`, [4 * width], 0.05);
      put(`${b}.mlp.c_proj.weight`, [width, 4 * width], 0.5 * (4 * width) ** -0.5);
      put(`${b}.mlp.c_proj.bias`, [width], 0.02);
    }
  }
  put('token_embedding.weight', [c.vocab, T], 0.5);
  put('positional_embedding', [c.context, T], 0.1);
  norm('ln_final', T);
  put('text_projection', [T, c.embed], T ** -0.5);
  put('logit_scale', [], 0, Math.log(1 / 0.07));
  return specs;
}

/** Shape and deviation of every tensor of the two adapters. */
export function adapterSpecs(
  c: ClipConfig,
  textUntil = 3,
  imageUntil: number = c.visionLayers >= 24 ? 6 : 2,
): Map<string, Spec> {
  const specs = new Map<string, Spec>();
  const put = (name: string, rows: number, columns: number): void => {
    specs.set(name, { shape: [rows, columns], std: columns ** -0.5, mean: 0 });
  };
  const { visionWidth: W, textWidth: T, embed: E } = c;
  for (let i = 0; i < textUntil; i++) put(`text_adapter.${i}.fc.0.weight`, T, T);
  put(`text_adapter.${textUntil}.fc.0.weight`, E, T);
  for (let i = 0; i < imageUntil; i++) put(`image_adapter.layer_adapters.${i}.fc.0.weight`, W, W);
  c.levels.forEach((_, i) => {
    put(`image_adapter.seg_proj.${i}.fc.weight`, E, W);
  });
  put('image_adapter.det_proj.fc.weight', E, W);
  return specs;
}

/** @param root stands before the names where values are made up from them */
function view(name: string, specs: Map<string, Spec>, seed: number, half = false, root = ''): ClipTensors {
  const spec = (tensor: string): Spec => {
    const s = specs.get(tensor);
    if (!s) throw new Error(`${name}: no tensor ${tensor}`);
    return s;
  };
  const readF32 = async (tensor: string): Promise<Float32Array> => {
    const { shape, std, mean } = spec(tensor);
    const data = synth(seed, root + tensor, shape, std, mean);
    return half && shape.length > 1 ? unpackF16(packF16(data)) : data;
  };
  return {
    name,
    names: [...specs.keys()],
    has: (tensor) => specs.has(tensor),
    shape: (tensor) => spec(tensor).shape,
    dtype: (tensor) => (half && spec(tensor).shape.length > 1 ? 'F16' : 'F32'),
    async read(tensor) {
      const { shape } = spec(tensor);
      const values = await readF32(tensor);
      if (!half || shape.length < 2) return rawF32(shape, values);
      return { dtype: 'F16', shape, bytes: new Uint8Array(packF16(values).buffer) };
    },
    readF32,
  };
}

/** A whole CLIP from a seed; `half` rounds tensors of two or more dimensions to f16, as in OpenAI's file. */
export function syntheticClip(c: ClipConfig, seed: number, half = false): ClipTensors {
  return view(`synthetic CLIP (seed ${seed})`, clipSpecs(c), seed, half);
}

/** Both adapters from a seed. */
export function syntheticAdapters(
  c: ClipConfig,
  seed: number,
  textUntil?: number,
  imageUntil?: number,
): AdapterTensors {
  const specs = adapterSpecs(c, textUntil, imageUntil);
  return { ...view(`synthetic adapters (seed ${seed})`, specs, seed), text: true, image: true, relu: false };
}

/** APRIL-GAN's linear layers from a seed. */
export function syntheticLinearLayers({ levels, embed: E, visionWidth: W }: ClipConfig, seed: number): TensorView {
  const specs = new Map<string, Spec>();
  levels.forEach((_, i) => {
    specs.set(`fc.${i}.weight`, { shape: [E, W], std: W ** -0.5, mean: 0 });
    specs.set(`fc.${i}.bias`, { shape: [E], std: 0.05, mean: 0 });
  });
  return view(`synthetic linear layers (seed ${seed})`, specs, seed, false, 'trainable_linearlayer.');
}

/** Sizes of AnomalyCLIP's prompts: learned tokens, tokens of a deep prompt, and blocks with prompts. */
export interface PromptSizes {
  readonly learned: number;
  readonly deep: number;
  readonly depth: number;
}

/**
 * AnomalyCLIP's prompts from a seed; what stands around the learned tokens is CLIP's own embedding.
 * @param ids of both prompts, [2, context], with any ids in the places of learned tokens
 */
export async function loadSyntheticPrompts(
  clip: ClipTensors,
  ids: Uint32Array,
  { learned, deep, depth }: PromptSizes,
  seed: number,
): Promise<TensorView> {
  const [context, width] = clip.shape('positional_embedding') as [number, number];
  const table = await clip.readF32('token_embedding.weight');
  const values = new Map<string, { readonly shape: readonly number[]; readonly data: Float32Array }>();
  const rows = (from: Uint32Array): Float32Array =>
    Float32Array.from(
      { length: from.length * width },
      (_, i) => table[from[Math.floor(i / width)]! * width + (i % width)]!,
    );
  const makeUp = (name: string, shape: readonly number[]): void => {
    values.set(name, { shape, data: synth(seed, `prompt_learner.${name}`, shape, 0.3) });
  };
  for (const [i, state] of ['pos', 'neg'].entries()) {
    const own = ids.subarray(i * context, (i + 1) * context);
    makeUp(`ctx_${state}`, [1, 1, learned, width]);
    values.set(`token_prefix_${state}`, { shape: [1, 1, 1, width], data: rows(own.subarray(0, 1)) });
    const rest = own.subarray(1 + learned);
    values.set(`token_suffix_${state}`, { shape: [1, 1, rest.length, width], data: rows(rest) });
    values.set(`tokenized_prompts_${state}`, { shape: [1, 1, context], data: Float32Array.from(own) });
  }
  for (let i = 0; i < depth - 1; i++) makeUp(`compound_prompts_text.${i}`, [deep, width]);
  return {
    name: `synthetic prompts (seed ${seed})`,
    names: [...values.keys()],
    has: (name) => values.has(name),
    shape: (name) => values.get(name)!.shape,
    dtype: () => 'F32',
    read: async (name) => rawF32(values.get(name)!.shape, values.get(name)!.data),
    readF32: async (name) => values.get(name)!.data,
  };
}
