/** Anchors, anomaly maps and image scores. */

import { add } from '../ops/add.js';
import { gather } from '../ops/gather.js';
import { l2Normalize } from '../ops/l2_normalize.js';
import { linear } from '../ops/linear.js';
import { matmul } from '../ops/matmul.js';
import { reshape } from '../ops/reshape.js';
import { type Domain, scoreMap } from '../ops/score_map.js';
import { similarity } from '../ops/similarity.js';
import { type Tensor, tidy, upload } from '../tensor/tensor.js';
import { type AdaptedImage, patchTokens } from './adapters.js';
import { encodeImage, type VisionTower, visionTokens } from './vision.js';

/**
 * Text anchors [C, E, 2] of C classes: column 0 normal, 1 abnormal, each the unit mean of unit prompt embeddings.
 * @param embeddings [P, E], every class's prompts in turn: its normal ones, then its abnormal ones
 * @param counts [normal, abnormal] prompts of each class
 */
export function textAnchors(embeddings: Tensor, counts: readonly (readonly [number, number])[]): Tensor {
  const total = embeddings.dim(0);
  const average = new Float32Array(2 * counts.length * total);
  let at = 0;
  counts.flat().forEach((n, row) => {
    average.fill(1 / n, row * total + at, row * total + at + n);
    at += n;
  });
  if (at !== total) throw new Error(`anchors: expected ${at} embeddings, got ${total}`);
  return tidy(() => {
    const rows = upload(embeddings.gpu, average, [2 * counts.length, total]);
    const means = l2Normalize(matmul(rows, l2Normalize(embeddings))); // [2 C, E]
    // Columns by a product with the identity, which gradients pass.
    const c = counts.length;
    const eye = Float32Array.from({ length: 4 * c }, (_, i) => (i % 4 === 0 || i % 4 === 3 ? 1 : 0));
    const pairs = reshape(means, [c, 2, embeddings.dim(1)]);
    return matmul(pairs, upload(embeddings.gpu, eye, [c, 2, 2]), { transA: true });
  });
}

/**
 * What stage one compares the text with: [B, G G, E] a level, unit patch tokens of a tower whose last blocks use V-V
 * attention plus the unit class embedding of the plain one; the sum is not made unit again.
 */
export function stageOneFeatures(
  image: Tensor,
  tower: VisionTower,
  vv: 'token' | 'batch' = 'batch',
  vvBlocks: number = Math.min(19, tower.blocks.length - 1),
): Tensor[] {
  return tidy(() => {
    const cls = l2Normalize(encodeImage(image, tower)); // [B, E]
    const { levels } = visionTokens(image, tower, { vv, vvBlocks });
    return levels.map((t) => tidy(() => addClass(l2Normalize(linear(patchTokens(t, tower), tower.proj)), cls)));
  });
}

/** x [B, L, E] + cls [B, E] at every patch. */
function addClass(x: Tensor, cls: Tensor): Tensor {
  const [b, l] = x.shape as [number, number, number];
  const owner = Uint32Array.from({ length: b * l }, (_, i) => Math.floor(i / l));
  return tidy(() => add(x, reshape(gather(cls, owner), x.shape)));
}

export interface Anomaly {
  /** Sum of the levels' maps before any normalisation, [B, S, S]. */
  readonly map: Tensor;
  /** (<det, abnormal> + 1) / 2, [B]. */
  readonly score: Tensor;
}

/**
 * Test-time maps and scores.
 * @param anchors [1, E, 2], or [B, E, 2] for a batch of several classes
 */
export function anomaly(image: AdaptedImage, anchors: Tensor, size: number, domain: Domain): Anomaly {
  return tidy(() => ({
    map: anomalyMap(image.seg, anchors, size, domain),
    score: detectionScore(image.det, anchors),
  }));
}

/** Sum of the levels' maps. Blur and resize are linear, so the levels are summed before them. */
export function anomalyMap(seg: readonly Tensor[], anchors: Tensor, size: number, domain: Domain): Tensor {
  return tidy(() => {
    const total = seg.map((f) => similarity(f, anchors)).reduce((a, b) => add(a, b)); // [B, 2, L]
    const g = Math.sqrt(total.dim(2));
    const b = total.dim(0);
    return reshape(scoreMap(reshape(total, [b, 2, g, g]), size, domain, seg.length), [b, size, size]);
  });
}

/** Cosines of the detection token with the anchors, [B, 2]. */
export function detectionLogits(det: Tensor, anchors: Tensor): Tensor {
  const [b, e] = det.shape as [number, number];
  return tidy(() => reshape(similarity(reshape(det, [b, 1, e]), anchors, 1), [b, 2]));
}

/** The detection token's score, (<det, abnormal> + 1) / 2, [B]; anchors as in `anomaly`. */
export function detectionScore(det: Tensor, anchors: Tensor): Tensor {
  const b = det.dim(0);
  return tidy(() => {
    const pick = upload(det.gpu, Float32Array.of(0, 0.5), [1, 2]);
    const half = upload(det.gpu, Float32Array.of(0.5), [1]);
    return reshape(linear(detectionLogits(det, anchors), pick, { bias: half }), [b]);
  });
}

/** Plain CLIP without adapters: patch tokens of the V-V tower through its own projection, the class token for the score. */
export function plainImage(image: Tensor, tower: VisionTower): AdaptedImage {
  return tidy(() => {
    const { levels } = visionTokens(image, tower, { vv: 'token', vvBlocks: Math.min(19, tower.blocks.length - 1) });
    const seg = levels.map((t) => tidy(() => l2Normalize(linear(patchTokens(t, tower), tower.proj))));
    return { seg, det: l2Normalize(encodeImage(image, tower)) };
  });
}
