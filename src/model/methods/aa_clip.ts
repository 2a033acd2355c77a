/** AA-CLIP (Ma et al. 2025): residual adapters in both towers, worded prompts, cosines as scores. */
import { canonicalAdapters, holdsAdapters } from '../../io/adapter_names.js';
import type { Weight } from '../../nn/layers.js';
import { l2Normalize } from '../../ops/l2_normalize.js';
import { linear } from '../../ops/linear.js';
import { mean } from '../../ops/reduce.js';
import { slice } from '../../ops/slice.js';
import { type Tensor, tidy } from '../../tensor/tensor.js';
import { checkAdapterFit } from '../adapter_fit.js';
import { type ImageAdapters, loadImageAdapters } from '../adapters.js';
import { anomaly, type Projection, type Projections } from '../anomaly.js';
import { type AtLevel, patchTokens, type VisionTower, visionTokens } from '../vision.js';
import { BY_COSINES, type Method } from './method.js';
import { loadWordedAnchors } from './worded_anchors.js';

export const AA_CLIP: Method = {
  name: 'aa-clip',
  title: 'AA-CLIP',
  checkpoint: {
    example: 'image_adapter.det_proj.fc.weight',
    recognises: holdsAdapters,
    open(file) {
      const adapters = canonicalAdapters(file);
      return { text: adapters.text ? adapters : undefined, image: adapters.image ? adapters : undefined };
    },
    checkFit({ text, image }, config) {
      if (text) checkAdapterFit(text, 'text', config);
      if (image) checkAdapterFit(image, 'image', config);
    },
  },
  anchorTensors: /^text_adapter\./,
  scoring: BY_COSINES,
  towerDefaults: ({ levels }) => ({ activation: 'gelu', positional: 'bicubic', levels }),
  prompts: ({ published }) => published,
  loadAnchors: loadWordedAnchors,
  async loadImage(gpu, image, { precision, imageMix: mix }) {
    if (!image) throw new Error('AA-CLIP: expected image adapters, got none: use plain CLIP without them');
    const own = await loadImageAdapters(gpu, image, { precision });
    return {
      anomaly: (images, tower, anchors, domains, { atLevel, apart } = {}) =>
        tidy(() => {
          const projections = adaptedProjections(images, tower, own.weights, { mix, atLevel });
          return anomaly(projections, anchors, tower.imageSize, domains, apart);
        }),
      [Symbol.dispose]: () => own[Symbol.dispose](),
    };
  },
};

export interface AdaptedImage {
  /** Unit patch tokens, one [B, G G, E] for each level. */
  readonly seg: readonly Tensor[];
  /** Mean of the last level's unit patch tokens, [B, E]; not normalised afterwards. */
  readonly det: Tensor;
}

export interface AdaptedOptions {
  /** Share of an adapter's output in its mix; 0.1 by default. */
  readonly mix?: number | undefined;
  /** Run blocks again for their gradients instead of keeping their activations. */
  readonly recompute?: boolean | undefined;
  readonly atLevel?: AtLevel | undefined;
}

/**
 * Projections of the adapted tower's patch tokens.
 * @param image [B, 3, S, S]
 * @throws when the number of levels and of the adapters' projections differ
 */
export function adaptedProjections(
  image: Tensor,
  tower: VisionTower,
  adapters: ImageAdapters,
  { mix = 0.1, recompute = false, atLevel }: AdaptedOptions = {},
): Projections {
  const activation = adapters.relu ? 'leaky_relu' : 'none';
  const { seg, det, heads } = adapters;
  return tidy(() => {
    const { levels } = visionTokens(image, tower, { adapters: adapters.blocks, mix, recompute, atLevel });
    if (levels.length !== seg.length) {
      throw new Error(`image adapters: expected ${levels.length} projections, one for each level, got ${seg.length}`);
    }
    const patches = levels.map((t) => patchTokens(t, tower)); // [B, G G, W]
    const through = (x: Tensor, w: Weight): Projection => {
      const y = linear(x, w, { activation });
      return { x: y, first: 0, width: y.dim(-1) };
    };
    const last = patches.at(-1)!;
    if (!heads) return { seg: patches.map((x, i) => through(x, seg[i]!)), det: through(last, det) };
    const { x, width } = through(last, heads);
    const [above, below] = [0, width / 2].map((first) => ({ x, first, width: width / 2 })) as [Projection, Projection];
    return { seg: [...patches.slice(0, -1).map((t, i) => through(t, seg[i]!)), above], det: below };
  });
}

/** Unit patch tokens of every level and the detection token. */
export function unitFeatures({ seg, det }: Projections): AdaptedImage {
  const unit = ({ x, first, width }: Projection): Tensor =>
    tidy(() => l2Normalize(width === x.dim(-1) ? x : slice(x, 2, first, width)));
  return tidy(() => ({ seg: seg.map(unit), det: tidy(() => mean(unit(det), 1)) }));
}

/** Unit patch tokens of every level and the detection token of the adapted tower; arguments as in `adaptedProjections`. */
export function adaptedImage(
  image: Tensor,
  tower: VisionTower,
  adapters: ImageAdapters,
  options: AdaptedOptions = {},
): AdaptedImage {
  return tidy(() => unitFeatures(adaptedProjections(image, tower, adapters, options)));
}
