/** CLIP as it was released, with V-V attention for the patch tokens: no checkpoint, and AA-CLIP's prompts and scores. */
import { linear } from '../../ops/linear.js';
import { reshape } from '../../ops/reshape.js';
import { type Tensor, tidy } from '../../tensor/tensor.js';
import { anomaly, type Projection, type Projections } from '../anomaly.js';
import { forkedTokens, usualVvBlocks } from '../two_paths.js';
import { type AtLevel, patchTokens, type VisionTower } from '../vision.js';
import { AA_CLIP } from './aa_clip.js';
import type { Method } from './method.js';

export const PLAIN_CLIP: Method = {
  ...AA_CLIP,
  name: 'clip',
  title: 'plain CLIP',
  checkpoint: undefined,
  loadImage: async () => ({
    anomaly: (images, tower, anchors, domains, { atLevel, apart } = {}) =>
      tidy(() => anomaly(plainProjections(images, tower, atLevel), anchors, tower.imageSize, domains, apart)),
    [Symbol.dispose]: () => undefined,
  }),
};

/** Patch tokens of the V-V tower through its own projection, the class token for the score. */
function plainProjections(image: Tensor, tower: VisionTower, atLevel: AtLevel | undefined): Projections {
  return tidy(() => {
    const { cls, levels } = forkedTokens(image, tower, { vv: 'token', vvBlocks: usualVvBlocks(tower), atLevel });
    const whole = (x: Tensor): Projection => ({ x, first: 0, width: x.dim(-1) });
    return {
      seg: levels.map((t) => whole(tidy(() => linear(patchTokens(t, tower), tower.proj)))),
      det: whole(reshape(cls, [cls.dim(0), 1, cls.dim(1)])),
    };
  });
}
