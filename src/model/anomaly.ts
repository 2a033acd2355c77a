/** Anchors, anomaly maps and image scores. */

import type { Domain } from '../data/datasets.js';
import { add } from '../ops/add.js';
import { concat } from '../ops/concat.js';
import { cosineScore } from '../ops/cosine_score.js';
import { gather } from '../ops/gather.js';
import { l2Normalize } from '../ops/l2_normalize.js';
import { linear } from '../ops/linear.js';
import { matmul } from '../ops/matmul.js';
import { mean } from '../ops/reduce.js';
import { reshape } from '../ops/reshape.js';
import { type Blur, upsampleScores } from '../ops/score_map.js';
import { SIMILARITY_SCALE, similarity } from '../ops/similarity.js';
import { constant } from '../tensor/resident.js';
import { type Tensor, tidy } from '../tensor/tensor.js';
import { forkedTokens, usualVvBlocks } from './two_paths.js';
import { patchTokens, type VisionTower } from './vision.js';

/** How far score maps are blurred, by kind of data set, as published. */
export const SCORE_BLUR: Readonly<Record<Domain, Blur>> = {
  Industrial: { taps: 7, sigma: 1 },
  Medical: { taps: 9, sigma: 1.5 },
};

/** Constants by the numbers they depend on; one array each, so that each is copied to the device once. */
const averages = new Map<string, Float32Array>();
const identities = new Map<number, Float32Array>();

/** [2 C, P]: each row averages the prompts of one state of a class, which are stored one after the other. */
function averagesOf(counts: readonly number[]): Float32Array {
  const key = counts.join();
  const known = averages.get(key);
  if (known) return known;
  const total = counts.reduce((a, b) => a + b, 0);
  const made = new Float32Array(counts.length * total);
  let at = 0;
  counts.forEach((n, row) => {
    made.fill(1 / n, row * total + at, row * total + at + n);
    at += n;
  });
  averages.set(key, made);
  return made;
}

/** [C, 2, 2], an identity for each class. */
function identitiesOf(classes: number): Float32Array {
  const made =
    identities.get(classes) ??
    Float32Array.from({ length: 4 * classes }, (_, i) => (i % 4 === 0 || i % 4 === 3 ? 1 : 0));
  identities.set(classes, made);
  return made;
}

/**
 * Text anchors [C, E, 2] of C classes: column 0 normal, 1 abnormal, each the unit mean of unit prompt embeddings.
 * @param embeddings [P, E], class by class, the normal prompts, then the abnormal prompts
 * @param counts [normal, abnormal] prompts of each class
 */
export function textAnchors(embeddings: Tensor, counts: readonly (readonly [number, number])[]): Tensor {
  const total = embeddings.dim(0);
  const flat = counts.flat();
  const expected = flat.reduce((a, b) => a + b, 0);
  if (expected !== total) throw new Error(`anchors: expected ${expected} embeddings, got ${total}`);
  return tidy(() => {
    const rows = constant(embeddings.gpu, averagesOf(flat), [flat.length, total]);
    const means = l2Normalize(matmul(rows, l2Normalize(embeddings))); // [2 C, E]
    // Columns are made by a product with the identity, through which gradients flow.
    const c = counts.length;
    const pairs = reshape(means, [c, 2, embeddings.dim(1)]);
    return matmul(pairs, constant(embeddings.gpu, identitiesOf(c), [c, 2, 2]), { transA: true });
  });
}

/**
 * The features that stage one compares with the text: [B, G G, E] for each level, unit patch tokens of a tower whose
 * last blocks use V-V attention plus the unit class embedding of the plain tower; the sum is not normalised again.
 * @param levels those wanted, of the tower's; all by default
 */
export function stageOneFeatures(
  image: Tensor,
  tower: VisionTower,
  vv: 'token' | 'batch' = 'batch',
  vvBlocks: number = usualVvBlocks(tower),
  levels: readonly number[] = tower.config.levels,
): Tensor[] {
  return tidy(() => {
    const forked = forkedTokens(image, tower, { vv, vvBlocks, levels });
    const cls = l2Normalize(forked.cls); // [B, E]
    return forked.levels.map((t) => tidy(() => addClass(unitPatches(t, tower), cls)));
  });
}

/** Unit patch tokens of a level through CLIP's own projection, [B, G G, E]. */
function unitPatches(tokens: Tensor, tower: VisionTower): Tensor {
  return tidy(() => l2Normalize(linear(patchTokens(tokens, tower), tower.proj)));
}

/** x [B, L, E] + cls [B, E] at every patch. */
function addClass(x: Tensor, cls: Tensor): Tensor {
  const [b, l] = x.shape as [number, number, number];
  const owner = Uint32Array.from({ length: b * l }, (_, i) => Math.floor(i / l));
  return tidy(() => add(x, reshape(gather(cls, owner), x.shape)));
}

/** Patch tokens through a projection, not normalised: columns `first` to `first + width` of x [B, G G, W]. */
export interface Projection {
  readonly x: Tensor;
  readonly first: number;
  readonly width: number;
}

/** What anomaly maps and scores are computed from. */
export interface Projections {
  /** One for each level. */
  readonly seg: readonly Projection[];
  /** Rows whose unit vectors have the detection token as their mean. */
  readonly det: Projection;
}

export interface Anomaly {
  /** Sum of the levels' maps before any normalisation, [B, S, S]. */
  readonly map: Tensor;
  /** (<det, abnormal> + 1) / 2, [B]. */
  readonly score: Tensor;
  /** The maps that `map` is the sum of, level by level, [B, S, S]; only where they were asked for. */
  readonly levels?: readonly Tensor[] | undefined;
}

/**
 * Test-time maps and scores, each map smoothed as its picture's domain requires.
 * @param anchors [1, E, 2], or [B, E, 2] for a batch of several classes
 * @param domains that of all pictures, or one for each
 * @param apart whether the map of each level is wanted too
 */
export function anomaly(
  image: Projections,
  anchors: Tensor,
  size: number,
  domains: Domain | readonly Domain[],
  apart = false,
): Anomaly {
  const mapOf = (seg: readonly Projection[]): Tensor =>
    tidy(() => anomalyMaps(patchScores(seg, anchors), size, domains));
  return tidy(() => ({
    map: mapOf(image.seg),
    score: detectionScore(image.det, anchors),
    levels: apart ? image.seg.map((level) => mapOf([level])) : undefined,
  }));
}

/** (abnormal + 1 - normal) / 2 of every patch, summed over the levels, [B, G G]; anchors as in `anomaly`. */
function patchScores(seg: readonly Projection[], anchors: Tensor): Tensor {
  const factors = { normal: -SIMILARITY_SCALE / 2, abnormal: SIMILARITY_SCALE / 2, offset: 0.5 };
  return tidy(() => {
    let before: Tensor | undefined;
    for (const { x, first } of seg) before = cosineScore(x, anchors, { ...factors, first, before });
    return before!;
  });
}

/** Scores of patches [B, G G], blurred as each picture's domain requires and resized to the picture, [B, S, S]. */
function anomalyMaps(scores: Tensor, size: number, domains: Domain | readonly Domain[]): Tensor {
  const [b, l] = scores.shape as [number, number];
  const g = Math.sqrt(l);
  const kinds = typeof domains === 'string' ? [domains] : [...new Set(domains)];
  return tidy(() => {
    const grid = reshape(scores, [b, 1, g, g]);
    const maps = kinds.map((kind) => upsampleScores(grid, size, SCORE_BLUR[kind]));
    if (maps.length === 1) return reshape(maps[0]!, [b, size, size]);
    const rows = reshape(concat(maps, 0), [kinds.length * b, size * size]);
    const own = Uint32Array.from({ length: b }, (_, i) => kinds.indexOf(domains[i] as Domain) * b + i);
    return reshape(gather(rows, own), [b, size, size]);
  });
}

/** Cosines of the detection token with the anchors, [B, 2]. */
export function detectionLogits(det: Tensor, anchors: Tensor): Tensor {
  const [b, e] = det.shape as [number, number];
  return tidy(() => reshape(similarity(reshape(det, [b, 1, e]), anchors, 1), [b, 2]));
}

/**
 * The detection token's score, (<det, abnormal> + 1) / 2, [B]; anchors as in `anomaly`. The token is the mean of unit
 * rows, so the score is the mean of their scores.
 */
function detectionScore({ x, first }: Projection, anchors: Tensor): Tensor {
  return tidy(() => mean(cosineScore(x, anchors, { normal: 0, abnormal: 0.5, offset: 0.5, first }), 1));
}
