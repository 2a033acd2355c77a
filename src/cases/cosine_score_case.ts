import { type CosineScoreOptions, cosineScore } from '../ops/cosine_score.js';
import type { Tensor } from '../tensor/tensor.js';
import { bytesOf, type OpCase, times } from './op_case.js';

/** Scores of one level's patch features f against the anchors t of their class, added to those of the levels before. */
export const cosineScoreCase: OpCase<{ f: Tensor; t: Tensor; before: Tensor }, CosineScoreOptions> = {
  name: 'cosine_score',
  run: ({ f, t, before }, options) => cosineScore(f, t, { ...options, before }),
  constant: ['f', 't', 'before'],
  sizes: ({ patches, embed }) => {
    const [f, t, before] = [
      [1, patches, embed],
      [1, embed, 2],
      [1, patches],
    ];
    return [
      {
        name: times(patches, embed, 2),
        inputs: { f: { shape: f }, t: { shape: t, std: embed ** -0.5 }, before: { shape: before } },
        attrs: () => ({ normal: -50, abnormal: 50, offset: 0.5 }),
        forward: { flops: 4 * patches * embed, bytes: bytesOf(f, t, before, before) },
      },
    ];
  },
};
