/** CLIP's text tower. */
import type { Gpu } from '../gpu/gpu.js';
import type { ClipTensors } from '../io/clip_names.js';
import type { Activation } from '../kernels/epilogue.js';
import { type Block, block, type Norm, norm, type Weight } from '../nn/layers.js';
import { residualAdapter } from '../ops/adapter_mix.js';
import { add } from '../ops/add.js';
import { concat } from '../ops/concat.js';
import { gather } from '../ops/gather.js';
import { linear } from '../ops/linear.js';
import { reshape } from '../ops/reshape.js';
import { slice } from '../ops/slice.js';
import { type Tensor, tidy, upload } from '../tensor/tensor.js';
import type { ClipConfig } from './config.js';
import { type LoadOptions, type NamedWeight, WeightLoader } from './weights.js';

export interface TextTower extends Disposable {
  readonly gpu: Gpu;
  readonly config: ClipConfig;
  readonly activation: Activation;
  readonly roundProducts: boolean;
  /**
   * Token table of vocab x W values: on the device where it is trained, else on the host, which gathers its rows (the table
   * of an L model exceeds the binding limit of some adapters).
   */
  readonly embedding: Float32Array | Tensor;
  /** Row of each token id, where the table holds only some of the tokens. */
  readonly rows: ReadonlyMap<number, number> | undefined;
  /** [context, W] */
  readonly positional: Tensor;
  readonly blocks: readonly Block[];
  readonly lnFinal: Norm;
  /** [E, W] */
  readonly projection: Weight;
  /** The trainable weights, if the tower was loaded for training. */
  readonly named: readonly NamedWeight[];
}

export interface TextAdapters {
  /** One [W, W] for each of the first blocks, applied after it. */
  readonly blocks: readonly Weight[];
  /** [E, W], with LeakyReLU; replaces the tower's projection. */
  readonly projection: Weight;
}

/** Loads the text tower. @throws when a tensor is missing */
export async function loadText(
  gpu: Gpu,
  tensors: ClipTensors,
  config: ClipConfig,
  options: LoadOptions & { activation: Activation },
): Promise<TextTower> {
  const loader = new WeightLoader(gpu, tensors, options);
  try {
    const blocks: Block[] = [];
    for (let i = 0; i < config.textLayers; i++) blocks.push(await loader.block(`transformer.resblocks.${i}`));
    return {
      gpu,
      config,
      activation: options.activation,
      roundProducts: options.roundProducts ?? false,
      embedding: options.trainable
        ? await loader.tensor('token_embedding.weight')
        : await loader.host('token_embedding.weight'),
      rows: tensors.has('token_ids') ? placesOf(await loader.host('token_ids')) : undefined,
      positional: await loader.tensor('positional_embedding'),
      blocks,
      lnFinal: await loader.norm('ln_final'),
      projection: await loader.matrix('text_projection', true),
      named: loader.named,
      [Symbol.dispose]: () => loader[Symbol.dispose](),
    };
  } catch (error) {
    loader[Symbol.dispose]();
    throw error;
  }
}

/** Row of each id in a shortened token table. */
function placesOf(ids: Float32Array): Map<number, number> {
  return new Map([...ids].map((id, row) => [id, row]));
}

/** Row of the end-of-text token: the first largest id, as the published program finds it. */
function endOfText(ids: Uint32Array, row: number, context: number): number {
  let best = 0;
  for (let i = 1; i < context; i++) if (ids[row * context + i]! > ids[row * context + best]!) best = i;
  return best;
}

/** Embeddings of the first `length` tokens of every text, [N, length, W]. */
function embed(tower: TextTower, ids: Uint32Array, context: number, length: number): Tensor {
  const n = ids.length / context;
  const rows = new Uint32Array(n * length);
  for (let i = 0; i < n; i++) rows.set(ids.subarray(i * context, i * context + length), i * length);
  const { vocab, textWidth: w } = tower.config;
  // Beyond a text's end the id is 0. Under the causal mask, any row will do for it.
  const place = (id: number): number => tower.rows?.get(id) ?? (tower.rows ? (id === 0 ? 0 : vocab) : id);
  const unknown = rows.find((id) => place(id) >= vocab);
  if (unknown !== undefined) {
    throw new Error(`text tower: unknown token: expected one of the ${vocab} of this model, got ${unknown}`);
  }
  rows.forEach((id, i) => {
    rows[i] = place(id);
  });
  if (!(tower.embedding instanceof Float32Array)) return reshape(gather(tower.embedding, rows), [n, length, w]);
  const data = new Float32Array(rows.length * w);
  rows.forEach((id, i) => {
    data.set((tower.embedding as Float32Array).subarray(id * w, id * w + w), i * w);
  });
  return upload(tower.gpu, data, [n, length, w]);
}

/** What a detector changes in the tower. */
export interface TextChanges {
  readonly adapters?: TextAdapters | undefined;
  /** Share of an adapter in its mix; 0.1 by default. */
  readonly mix?: number | undefined;
  /** Rows [m, W] that take the place of tokens 1 to m: the first of them before the second block, and so on. */
  readonly deep?: readonly Tensor[] | undefined;
}

/**
 * Text embeddings [N, E], not normalised, of tokens that already have their positions.
 * @param tokens [N, T, W], which this releases
 * @param ends place of every text's last token
 */
export function encodeTokens(tokens: Tensor, ends: readonly number[], tower: TextTower, changes: TextChanges): Tensor {
  const { adapters, mix = 0.1, deep = [] } = changes;
  const { activation, roundProducts } = tower;
  const [n, length, w] = tokens.shape as [number, number, number];
  return tidy(() => {
    let x = tokens;
    tower.blocks.forEach((p, i) => {
      const before = x;
      x = tidy(() => {
        const options = { heads: tower.config.textHeads, mode: 'causal', activation, roundProducts } as const;
        const prompt = i > 0 ? deep[i - 1] : undefined;
        const y = block({ x: prompt ? withPrompt(before, prompt) : before }, p, options).x;
        const adapter = adapters?.blocks[i];
        return adapter ? residualAdapter(y, adapter, mix) : y;
      });
      before.release();
    });
    const last = gather(
      reshape(x, [n * length, w]),
      Uint32Array.from(ends, (end, i) => i * length + end),
    ); // [N, W]
    const y = norm(last, tower.lnFinal);
    return adapters
      ? linear(y, adapters.projection, { activation: 'leaky_relu' })
      : linear(y, tower.projection, { roundProducts });
  });
}

/** x [N, T, W] with the rows of `prompt` [m, W] in the place of tokens 1 to m. */
function withPrompt(x: Tensor, prompt: Tensor): Tensor {
  const [n, length] = x.shape as [number, number, number];
  const [m, w] = prompt.shape as [number, number];
  const rows = reshape(
    gather(
      prompt,
      Uint32Array.from({ length: n * m }, (_, i) => i % m),
    ),
    [n, m, w],
  );
  const rest = length - 1 - m;
  return concat([slice(x, 1, 0, 1), rows, ...(rest > 0 ? [slice(x, 1, 1 + m, rest)] : [])], 1);
}

/**
 * Text embeddings [N, E], not normalised.
 *
 * The context is cut to the longest text: under the causal mask no later token affects an end-of-text row.
 * @param ids [N, context] token ids, filled up with 0
 */
export function encodeText(
  ids: Uint32Array,
  tower: TextTower,
  adapters?: TextAdapters,
  mix = 0.1,
  context: number = tower.config.context,
): Tensor {
  const ends = Array.from({ length: ids.length / context }, (_, i) => endOfText(ids, i, context));
  const length = Math.max(...ends) + 1;
  return tidy(() => {
    const x = add(embed(tower, ids, context, length), slice(tower.positional, 0, 0, length)); // [N, T, W]
    return encodeTokens(x, ends, tower, { adapters, mix });
  });
}

/** Texts that go through the tower together: with more, only its memory would grow. */
const TEXTS = 64;

/** As `encodeText`, for any number of texts in memory that does not grow with it. */
export function encodeTexts(ids: Uint32Array, tower: TextTower, adapters?: TextAdapters, mix?: number): Tensor {
  const { context } = tower.config;
  const count = ids.length / context;
  if (count <= TEXTS) return encodeText(ids, tower, adapters, mix);
  return tidy(() => {
    const parts: Tensor[] = [];
    for (let at = 0; at < count; at += TEXTS) {
      const some = ids.subarray(at * context, Math.min(count, at + TEXTS) * context);
      parts.push(encodeText(some, tower, adapters, mix));
    }
    return concat(parts, 0);
  });
}
