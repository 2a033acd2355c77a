/**
 * APRIL-GAN (Chen et al. 2023, arXiv 2305.17382): a trained linear layer at each level of plain CLIP's tower, compared with
 * the mean of many worded prompts.
 */
import type { Prompts } from '../../data/class_prompts.js';
import type { Gpu } from '../../gpu/gpu.js';
import type { TensorView } from '../../io/tensor_view.js';
import { MemoryBank } from '../../kernels/memory_bank.js';
import type { Linear } from '../../nn/layers.js';
import { add, combine } from '../../ops/add.js';
import { full } from '../../ops/fill.js';
import { l2Normalize } from '../../ops/l2_normalize.js';
import { linear } from '../../ops/linear.js';
import { nearestNeighbour } from '../../ops/nearest_neighbour.js';
import { reshape } from '../../ops/reshape.js';
import { probabilityMap, upsampleScores } from '../../ops/score_map.js';
import { SIMILARITY_SCALE, similarity } from '../../ops/similarity.js';
import { slice } from '../../ops/slice.js';
import { type Tensor, tidy } from '../../tensor/tensor.js';
import { type Loaded, loadWith } from '../adapters.js';
import { type AtLevel, classEmbedding, type VisionTower, visionTokens } from '../vision.js';
import { type LoadOptions, WeightLoader } from '../weights.js';
import { APRIL_GAN_TEXTS } from './april_gan_texts.js';
import { expectShape, holdsNames, numbered, openTensorsOf, type TensorNames } from './checkpoint_tensors.js';
import { BY_PROBABILITIES, type Method } from './method.js';
import { abnormalShare } from './pair_scores.js';
import { loadWordedAnchors } from './worded_anchors.js';

const NAMES: TensorNames = {
  title: 'APRIL-GAN',
  root: 'trainable_linearlayer',
  own: /^fc\.\d+\.(?:weight|bias)$/,
};

/** At this size the published program builds OpenAI's own model, with QuickGELU; at every other one a model without. */
const QUICK_SIZE = 336;

export const APRIL_GAN: Method = {
  name: 'april-gan',
  title: NAMES.title,
  checkpoint: {
    example: 'trainable_linearlayer.fc.0.weight',
    recognises: (names) => holdsNames(NAMES, names),
    open: (file) => ({
      image: openTensorsOf(file, NAMES, (found) =>
        numbered(found, 'fc.', 1).flatMap((layer) => [`${layer}.weight`, `${layer}.bias`]),
      ),
    }),
    checkFit({ image }, { embed, visionWidth, levels }) {
      if (!image) return;
      const layers = image.names.length / 2;
      if (layers !== levels.length) {
        throw new Error(
          `${image.name}: APRIL-GAN with ${layers} linear layers, one for each level: expected ${levels.length} for the levels ${levels.join(', ')}: name the blocks it was trained on (--levels)`,
        );
      }
      for (let i = 0; i < layers; i++) {
        expectShape(image, NAMES.title, `fc.${i}.weight`, [embed, visionWidth]);
        expectShape(image, NAMES.title, `fc.${i}.bias`, [embed]);
      }
    },
  },
  anchorTensors: /^$/,
  scoring: BY_PROBABILITIES,
  maskResize: 'bilinear',
  towerDefaults: ({ levels }, imageSize) => ({
    activation: imageSize === QUICK_SIZE ? 'quickgelu' : 'gelu',
    positional: 'bicubic',
    levels,
  }),
  prompts: ({ className, words = className }) => sentences(words),
  loadAnchors: loadWordedAnchors,
  async loadImage(gpu, image, { precision }) {
    if (!image) throw new Error('APRIL-GAN: expected its linear layers, got none: give its checkpoint');
    const own = await loadLinearLayers(gpu, image, { precision });
    return {
      anomaly: (images, tower, anchors, _domains, { atLevel, apart } = {}) =>
        tidy(() => {
          const { cls, patches } = aprilGanFeatures(images, tower, own.weights, atLevel);
          const levels = patches.map((p) => aprilGanMap(p, anchors, tower.imageSize));
          const score = abnormalShare(cls, anchors, SIMILARITY_SCALE);
          return { map: summed(levels), score, levels: apart ? levels : undefined };
        }),
      [Symbol.dispose]: () => own[Symbol.dispose](),
    };
  },
};

/** For every state, for every template: the name fills the state, and that the template. */
function sentences(name: string): Prompts {
  const { normal, abnormal, templates } = APRIL_GAN_TEXTS;
  // Functions, because `replace` would treat "$&" and the like in a name as patterns.
  const fill = (states: readonly string[]): string[] =>
    states.flatMap((state) => templates.map((t) => t.replace('{}', () => state.replace('{}', () => name))));
  return { normal: fill(normal), abnormal: fill(abnormal), realName: name };
}

/** The trained layers [E, W], one for each level. */
export async function loadLinearLayers(
  gpu: Gpu,
  tensors: TensorView,
  options: LoadOptions = {},
): Promise<Loaded<readonly Linear[]>> {
  const loader = new WeightLoader(gpu, tensors, options);
  return loadWith(loader, async () => {
    const layers: Linear[] = [];
    for (let i = 0; 2 * i < tensors.names.length; i++) {
      layers.push(await loader.linear(`fc.${i}.weight`, `fc.${i}.bias`));
    }
    return layers;
  });
}

export interface AprilGanFeatures {
  /** Unit image embeddings, [B, E]. */
  readonly cls: Tensor;
  /** Patch tokens as the blocks of the levels leave them, [B, G G, W]. */
  readonly raw: readonly Tensor[];
  /** The same through their layers, unit rows, [B, G G, E]. */
  readonly patches: readonly Tensor[];
}

/** @param images [B, 3, S, S] */
export function aprilGanFeatures(
  images: Tensor,
  tower: VisionTower,
  layers: readonly Linear[],
  atLevel?: AtLevel,
): AprilGanFeatures {
  return tidy(() => {
    const { last, levels } = visionTokens(images, tower, { atLevel });
    const raw = levels.map((t) => slice(t, 1, 1, t.dim(1) - 1)); // [B, G G, W]
    const patches = raw.map((x, i) => {
      const { weight, bias } = layers[i]!;
      return tidy(() => l2Normalize(linear(x, weight, { bias })));
    });
    return { cls: l2Normalize(classEmbedding(last, tower)), raw, patches };
  });
}

/** The map of a level [B, S, S]: cosines are enlarged before the softmax. */
export function aprilGanMap(patches: Tensor, anchors: Tensor, size: number): Tensor {
  const [b, l] = patches.shape as [number, number, number];
  const g = Math.sqrt(l);
  return tidy(() => {
    const logits = reshape(similarity(patches, anchors), [b, 2, g, g]);
    return reshape(slice(probabilityMap(logits, size), 1, 1, 1), [b, size, size]);
  });
}

/**
 * What reference pictures add to the maps of others: at every patch the distance, 1 - cosine, to the nearest of theirs at the
 * same level, enlarged and summed over the levels.
 * @param raw patch tokens as `aprilGanFeatures` gives them
 * @param memory those of the references, one bank for each level
 * @returns [B, S, S]
 */
export function aprilGanFewMap(raw: readonly Tensor[], memory: readonly MemoryBank[], size: number): Tensor {
  return tidy(() => {
    const distances = raw.map((x, i) => {
      const { cosine } = nearestNeighbour(l2Normalize(x), memory[i]!);
      return combine(cosine, -1, full(x.gpu, [], 1), 1); // [B, G G]
    });
    const total = summed(distances);
    const [b, l] = total.shape as [number, number];
    const g = Math.sqrt(l);
    return reshape(upsampleScores(reshape(total, [b, 1, g, g]), size), [b, size, size]);
  });
}

/**
 * Scores of all pictures of a class with references: the mean of the score without them and the map's peak, scaled over the class.
 * @param maps [B, S, S], the sum of both maps
 */
export function aprilGanFewScores(scores: Float32Array, maps: Float32Array): Float32Array {
  const pixels = maps.length / scores.length;
  const peaks = scores.map((_, i) => maps.subarray(i * pixels, (i + 1) * pixels).reduce((a, b) => Math.max(a, b)));
  const [low, high] = [Math.min(...peaks), Math.max(...peaks)];
  return scores.map((score, i) => 0.5 * (score + (peaks[i]! - low) / (high - low)));
}

/** The memory of reference pictures, one bank for each level. */
export const aprilGanMemory = (raw: readonly Tensor[]): MemoryBank[] =>
  raw.map((x) => tidy(() => MemoryBank.of([l2Normalize(x)])));

/** The sum of maps of one shape. */
export const summed = (maps: readonly Tensor[]): Tensor => tidy(() => maps.reduce((a, b) => add(a, b)));
