/**
 * AnomalyCLIP (Zhou et al. 2024, arXiv 2310.18961): two learned prompts for every class, and patch tokens from a path of V-V
 * attention beside plain CLIP's tower.
 */
import { packF16, unpackF16 } from '../../io/dtype.js';
import type { TensorView } from '../../io/tensor_view.js';
import { add } from '../../ops/add.js';
import { l2Normalize } from '../../ops/l2_normalize.js';
import { linear } from '../../ops/linear.js';
import { reshape } from '../../ops/reshape.js';
import { smoothScores } from '../../ops/score_map.js';
import { type Tensor, tidy, upload } from '../../tensor/tensor.js';
import { textAnchors } from '../anomaly.js';
import { encodeTokens, type TextTower } from '../text.js';
import { sideTokens } from '../two_paths.js';
import { type AtLevel, patchTokens, type VisionTower } from '../vision.js';
import { summed } from './april_gan.js';
import { expectShape, holdsNames, numbered, openTensorsOf, type TensorNames } from './checkpoint_tensors.js';
import { type AnchorMaker, BY_PROBABILITIES, type Method } from './method.js';
import { abnormalShare } from './pair_scores.js';

const DEEP = 'compound_prompts_text.';

/** Its file also holds `compound_prompt_projections`, which nothing reads. */
const NAMES: TensorNames = {
  title: 'AnomalyCLIP',
  root: 'prompt_learner',
  own: /^(?:(?:ctx|token_(?:prefix|suffix)|tokenized_prompts)_(?:pos|neg)|compound_prompts_text\.\d+)$/,
  whole: /^tokenized_prompts_/,
};

const STATES = ['pos', 'neg'] as const;
const PARTS = ['ctx', 'token_prefix', 'token_suffix', 'tokenized_prompts'];

/** Cosines are divided by it. */
export const TEMPERATURE = 0.07;
/** Deviation of the blur, in pixels. */
export const SIGMA = 4;

export const ANOMALY_CLIP: Method = {
  name: 'anomalyclip',
  title: NAMES.title,
  checkpoint: {
    example: 'prompt_learner.ctx_pos',
    recognises: (names) => holdsNames(NAMES, names),
    open: (file) => ({
      text: openTensorsOf(file, NAMES, (found) => [
        ...PARTS.flatMap((part) => STATES.map((state) => `${part}_${state}`)),
        ...numbered(found, DEEP, 0),
      ]),
    }),
    checkFit({ text }, { context, textWidth, textLayers }) {
      if (!text) return;
      const length = text.shape('ctx_pos')[2] ?? 0;
      for (const state of STATES) {
        expectShape(text, NAMES.title, `ctx_${state}`, [1, 1, length, textWidth]);
        expectShape(text, NAMES.title, `token_prefix_${state}`, [1, 1, 1, textWidth]);
        const suffix = text.shape(`token_suffix_${state}`)[2] ?? 0;
        expectShape(text, NAMES.title, `token_suffix_${state}`, [1, 1, suffix, textWidth]);
        if (1 + length + suffix !== context) {
          throw new Error(
            `${text.name}: AnomalyCLIP's prompts do not fill the context: expected ${context} tokens, got 1 + ${length} learned + ${suffix}: give the weights it was trained on`,
          );
        }
        expectShape(text, NAMES.title, `tokenized_prompts_${state}`, [1, 1, context]);
      }
      const deep = deepNames(text);
      for (const name of deep) expectShape(text, NAMES.title, name, [text.shape(name)[0] ?? 0, textWidth]);
      const longest = Math.max(0, ...deep.map((name) => text.shape(name)[0]!));
      if (longest >= context || deep.length >= textLayers) {
        throw new Error(
          `${text.name}: AnomalyCLIP of another CLIP: expected deep prompts of fewer than ${context} tokens in fewer than ${textLayers} blocks, got ${longest} in ${deep.length}: give the weights it was trained on`,
        );
      }
    },
  },
  anchorTensors: /./,
  scoring: BY_PROBABILITIES,
  maskResize: 'bilinear',
  // The published script reads the last level alone, and its checkpoints were trained so.
  towerDefaults: ({ visionLayers }) => ({ activation: 'quickgelu', positional: 'bilinear', levels: [visionLayers] }),
  prompts: ({ className, words = className }) => ({ normal: [], abnormal: [], realName: words }),
  loadAnchors: loadLearnedAnchors,
  loadImage: async () => ({
    anomaly: (images, tower, anchors, _domains, { atLevel, apart } = {}) =>
      tidy(() => {
        const { cls, patches } = anomalyClipFeatures(images, tower, atLevel);
        const shares = patches.map((p) => anomalyClipShares(p, anchors));
        return {
          map: anomalyClipMap(summed(shares), tower.imageSize),
          score: anomalyClipShares(cls, anchors),
          levels: apart ? shares.map((s) => anomalyClipMap(s, tower.imageSize)) : undefined,
        };
      }),
    [Symbol.dispose]: () => undefined,
  }),
};

const deepNames = (text: TensorView): string[] => text.names.filter((name) => name.startsWith(DEEP));

/** Values as float16 holds them: the published program rounds its deep prompts. */
const rounded = (values: Float32Array): Float32Array => unpackF16(packF16(values));

/** Anchors of the learned prompts, the same for every class. */
async function loadLearnedAnchors(tower: TextTower, text: TensorView | undefined): Promise<AnchorMaker> {
  if (!text) throw new Error('AnomalyCLIP: expected its prompts, got none: give its checkpoint');
  const { gpu, config } = tower;
  const { context, textWidth } = config;
  const rows = new Float32Array(2 * context * textWidth);
  const ends: number[] = [];
  let at = 0;
  for (const state of STATES) {
    for (const part of ['token_prefix', 'ctx', 'token_suffix']) {
      const values = await text.readF32(`${part}_${state}`);
      rows.set(values, at);
      at += values.length;
    }
    const ids = await text.readF32(`tokenized_prompts_${state}`);
    // The end-of-text token has the largest id.
    ends.push(ids.indexOf(ids.reduce((a, b) => Math.max(a, b))));
  }
  const deep: { readonly values: Float32Array; readonly shape: readonly number[] }[] = [];
  for (const name of deepNames(text)) {
    deep.push({ values: rounded(await text.readF32(name)), shape: text.shape(name) });
  }
  return {
    anchors: () =>
      tidy(() => {
        const tokens = add(upload(gpu, rows, [2, context, textWidth]), tower.positional);
        const prompts = deep.map(({ values, shape }) => upload(gpu, values, shape));
        return textAnchors(encodeTokens(tokens, ends, tower, { deep: prompts }), [[1, 1]]); // [1, E, 2]
      }),
    [Symbol.dispose]: () => undefined,
  };
}

export interface AnomalyClipFeatures {
  /** Unit projections of the class token without `ln_post`, [B, E]. */
  readonly cls: Tensor;
  /** Unit projections of the side path's patch tokens, [B, G G, E] for each level. */
  readonly patches: readonly Tensor[];
}

/** @param images [B, 3, S, S] */
export function anomalyClipFeatures(images: Tensor, tower: VisionTower, atLevel?: AtLevel): AnomalyClipFeatures {
  return tidy(() => {
    const { first, levels } = sideTokens(images, tower, undefined, atLevel);
    return {
      cls: l2Normalize(linear(first, tower.proj)),
      patches: levels.map((t) => tidy(() => l2Normalize(linear(patchTokens(t, tower), tower.proj)))),
    };
  });
}

/** The abnormal anchor's share at unit rows [B, L, E] or [B, E]: [B, L] or [B]. */
export const anomalyClipShares = (unit: Tensor, anchors: Tensor): Tensor =>
  abnormalShare(unit, anchors, 1 / TEMPERATURE);

/**
 * Shares of patches [B, G G] as maps [B, S, S].
 * @param sigma deviation of the blur, in pixels; 0 for none
 */
export function anomalyClipMap(shares: Tensor, size: number, sigma: number = SIGMA): Tensor {
  const [b, l] = shares.shape as [number, number];
  const g = Math.sqrt(l);
  return tidy(() => reshape(smoothScores(reshape(shares, [b, 1, g, g]), size, sigma), [b, size, size]));
}
