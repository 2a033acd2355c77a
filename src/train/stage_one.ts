/** Stage one: the text adapters learn to tell normal from abnormal patches of frozen image features. */
import { Tape } from '../autograd/tape.js';
import { stageOneFeatures, textAnchors } from '../model/anomaly.js';
import { encodeText, type TextTower } from '../model/text.js';
import type { VisionTower } from '../model/vision.js';
import { combine } from '../ops/add.js';
import { full } from '../ops/fill.js';
import { gather } from '../ops/gather.js';
import { matmul } from '../ops/matmul.js';
import { multiply } from '../ops/multiply.js';
import { mean } from '../ops/reduce.js';
import { reshape } from '../ops/reshape.js';
import { segmentationLoss } from '../ops/segmentation_loss.js';
import { similarity } from '../ops/similarity.js';
import { slice } from '../ops/slice.js';
import { type Tensor, tidy } from '../tensor/tensor.js';
import { type Parameters, textAdapterWeights } from './parameters.js';

/** Token ids of the classes in a batch, and whose picture each one is. */
export interface ClassBatch {
  /** [prompts of all classes, context], a class's normal prompts before its abnormal ones. */
  readonly ids: Uint32Array;
  /** [normal, abnormal] prompts of each class. */
  readonly counts: readonly (readonly [number, number])[];
  /** Class of each picture. */
  readonly owner: Uint32Array;
}

export interface StageOneOptions {
  /** Share of the adapter in the mix. */
  readonly mix: number;
  /** Weight of the orthogonality term. */
  readonly orthogonality: number;
  /** `batch` as published: only the last level is stepped on. */
  readonly levels: 'last' | 'all';
}

/** Features the text is compared with; no gradient. */
export function stageOneInputs(images: Tensor, tower: VisionTower, vv: 'token' | 'batch', vvBlocks: number): Tensor[] {
  return stageOneFeatures(images, tower, vv, vvBlocks);
}

/** The loss of a batch, [1]. features: [B, G G, E] a level; mask: [B, 1, S, S]. */
export function stageOneLoss(
  features: readonly Tensor[],
  mask: Tensor,
  classes: ClassBatch,
  tower: TextTower,
  adapters: Parameters,
  options: StageOneOptions,
): Tensor {
  return tidy(() => {
    const rows = encodeText(classes.ids, tower, textAdapterWeights(adapters), options.mix);
    const anchors = textAnchors(rows, classes.counts); // [C, E, 2]
    const [c, e] = anchors.shape as [number, number];
    const own = reshape(gather(reshape(anchors, [c, 2 * e]), classes.owner), [classes.owner.length, e, 2]);
    // <normal, abnormal> of every picture's class, averaged over the batch, then squared.
    const products = matmul(own, own, { transA: true }); // [B, 2, 2]
    const overlap = mean(slice(reshape(products, [classes.owner.length, 4]), 1, 1, 1), 0); // [1]
    const used = options.levels === 'last' ? features.slice(-1) : features;
    const losses = used.map((f) => {
      const [b, l] = f.shape as [number, number];
      const g = Math.sqrt(l);
      return segmentationLoss(reshape(similarity(f, own), [b, 2, g, g]), mask);
    });
    const total = losses.reduce((a, b) => combine(a, 1, b, 1));
    return combine(total, 1, multiply(overlap, overlap), options.orthogonality * used.length);
  });
}

/** One step's loss and gradients, in the parameters' order. */
export function lossAndGradients(
  parameters: Parameters,
  body: () => Tensor,
): { readonly loss: Tensor; readonly grads: (Tensor | null)[] } {
  return tidy(() => {
    using tape = new Tape();
    tape.watch(parameters.weights);
    const loss = tape.record(body);
    return { loss, grads: tape.backward(loss, parameters.weights, full(loss.gpu, [1], 1)) };
  });
}
