/** How each method makes maps and scores of the image tower's tokens, as nodes of an ONNX graph. A new method is a row here. */
import { SCORE_BLUR } from '../model/anomaly.js';
import { AA_CLIP } from '../model/methods/aa_clip.js';
import { ANOMALY_CLIP, SIGMA, TEMPERATURE } from '../model/methods/anomaly_clip.js';
import { APRIL_GAN } from '../model/methods/april_gan.js';
import type { Method } from '../model/methods/method.js';
import { PLAIN_CLIP } from '../model/methods/plain_clip.js';
import { smoothing, upsampling } from '../ops/score_map.js';
import { SIMILARITY_SCALE } from '../ops/similarity.js';
import type { GraphWeights } from './graph_weights.js';
import type { ScoreGraph } from './score_graph.js';
import { activate, type TowerGraph } from './tower_graph.js';

export interface MethodInputs {
  /** Prepared pictures, [B, 3, S, S]. */
  readonly images: string;
  readonly tower: TowerGraph;
  readonly scores: ScoreGraph;
  /** The trained tensors that follow the image tower, with their names; undefined where there are none. */
  readonly trained: { readonly weights: GraphWeights; readonly names: readonly string[] } | undefined;
  /** Share of an image adapter in its mix. */
  readonly imageMix: number;
}

export interface MethodOutputs {
  /** The share of "abnormal" at every pixel, 0 to 1: [B, S, S]. */
  readonly map: string;
  /** The score of the whole picture, [B]. */
  readonly imageScore: string;
  /** The tokens that the map is made from, [B, 1 + G G, W] for each level. */
  readonly levels: readonly string[];
}

type MethodGraph = (inputs: MethodInputs) => MethodOutputs;

const METHOD_GRAPHS: ReadonlyMap<Method, MethodGraph> = new Map([
  [AA_CLIP, aaClip],
  [PLAIN_CLIP, plainClip],
  [APRIL_GAN, aprilGan],
  [ANOMALY_CLIP, anomalyClip],
]);

/** @throws one line for a method that has no graph */
export function methodGraph(method: Method): MethodGraph {
  const found = METHOD_GRAPHS.get(method);
  if (found) return found;
  throw new Error(
    `method ${method.name}: cannot be exported: use one of ${[...METHOD_GRAPHS.keys()].map((m) => m.name).join(', ')}`,
  );
}

/** Trained tensors whose names begin so, in the order of their numbers. */
function numberedNames({ names }: NonNullable<MethodInputs['trained']>, start: string): string[] {
  const place = (name: string): number => Number(/\.(\d+)\./.exec(name)?.[1] ?? 0);
  return names.filter((n) => n.startsWith(start)).sort((a, b) => place(a) - place(b));
}

/** Levels of cosines, summed, blurred and enlarged; a picture's score is a mean of its rows' cosines. */
function byCosines(scores: ScoreGraph, levels: readonly string[], rows: string): Omit<MethodOutputs, 'levels'> {
  const half = SIMILARITY_SCALE / 2;
  const sum = scores.sum(levels.map((x) => scores.cosines(x, { normal: -half, abnormal: half })));
  // Every level adds a half, which rows of a table that sum to one keep.
  const logits = scores.scaled(
    scores.enlarge(sum, 'blurred', (domain) => upsampling(scores.grid, scores.size, SCORE_BLUR[domain])),
    2 / levels.length,
  );
  const abnormal = scores.mean(scores.cosines(rows, { normal: 0, abnormal: 0.5 }));
  return { map: scores.share(logits), imageScore: scores.scaled(abnormal, 1, 0.5) };
}

function aaClip({ images, tower, scores, trained, imageMix }: MethodInputs): MethodOutputs {
  const { graph } = tower;
  const { weights } = trained!;
  const [det] = numberedNames(trained!, 'image_adapter.det_proj');
  const seg = numberedNames(trained!, 'image_adapter.seg_proj');
  const mixes = numberedNames(trained!, 'image_adapter.layer_adapters');
  const activation = det!.endsWith('.fc.0.weight') ? 'leaky_relu' : 'none';
  const { levels } = tower.run(tower.embed(images), (x, i) => {
    const y = tower.block(x, i);
    return mixes[i] === undefined ? y : mixed(y, weights.transposed(mixes[i]));
  });
  const patches = levels.map((x) => tower.patchTokens(x));
  const through = (x: string, name: string): string =>
    activate(graph, graph.add('MatMul', [x, weights.transposed(name)]), activation);
  const projected = patches.map((x, i) => through(x, seg[i]!));
  return { ...byCosines(scores, projected, through(patches.at(-1)!, det!)), levels };

  /** mix |x| a / |a| + (1 - mix) x with a = LeakyReLU(x wᵀ), as `adapterMix`. */
  function mixed(x: string, w: string): string {
    return graph.within('adapter', () => {
      const a = activate(graph, graph.add('MatMul', [x, w]), 'leaky_relu');
      const [xLength, aLength] = [x, a].map((v) =>
        graph.add('ReduceL2', [v], { axes: { ints: [-1] }, keepdims: { i: 1 } }),
      );
      const factor = scores.scaled(graph.add('Div', [xLength!, aLength!]), imageMix);
      return graph.add('Add', [graph.add('Mul', [a, factor]), scores.scaled(x, 1 - imageMix)]);
    });
  }
}

function plainClip({ images, tower, scores }: MethodInputs): MethodOutputs {
  const { graph } = tower;
  const last = tower.depth - 1;
  const fork = tower.fork;
  const shared = tower.run(tower.embed(images), (x, i) => tower.block(x, i), 0, fork);
  const plain = tower.run(shared.last, (x, i) => tower.block(x, i), fork, last);
  const cls = tower.project(tower.norm(tower.firstOfBlock(plain.last, last), 'visual.ln_post')); // [B, E]
  const vv = tower.run(shared.last, (x, i) => tower.block(x, i, true), fork, last + 1);
  const levels = [...shared.levels, ...vv.levels];
  const projected = levels.map((x) => tower.project(tower.patchTokens(x)));
  return { ...byCosines(scores, projected, graph.add('Unsqueeze', [cls, graph.ints(1)])), levels };
}

function aprilGan({ images, tower, scores, trained }: MethodInputs): MethodOutputs {
  const { graph } = tower;
  const { weights } = trained!;
  const { levels, last } = tower.run(tower.embed(images), (x, i) => tower.block(x, i));
  const maps = levels.map((x, i) => {
    const product = graph.add('MatMul', [tower.patches(x), weights.transposed(`fc.${i}.weight`)]);
    const y = graph.add('Add', [product, weights.tensor(`fc.${i}.bias`)]); // [B, G G, E]
    // Enlarging is linear, so the difference of the two channels goes up in their place.
    const logits = scores.cosines(y, { normal: -SIMILARITY_SCALE, abnormal: SIMILARITY_SCALE });
    return scores.share(scores.enlarge(logits, 'bilinear', () => upsampling(scores.grid, scores.size)));
  });
  const cls = tower.project(tower.norm(tower.rows(last, 0, 1), 'visual.ln_post')); // [B, 1, E]
  return {
    map: scores.scaled(scores.sum(maps), 1 / maps.length),
    imageScore: scores.mean(scores.abnormalShare(cls, SIMILARITY_SCALE)),
    levels,
  };
}

function anomalyClip({ images, tower, scores }: MethodInputs): MethodOutputs {
  const { graph } = tower;
  const last = tower.depth - 1;
  const shared = tower.run(tower.embed(images), (x, i) => tower.block(x, i), 0, tower.fork);
  let x = shared.last;
  let side = shared.last;
  const beside = tower.run(
    side,
    (_, i) => {
      if (i === last) return tower.sideOfBlock(x, side, i);
      ({ x, side } = tower.blockWithSide(x, side, i));
      return side;
    },
    tower.fork,
    last + 1,
  );
  const levels = [...shared.levels, ...beside.levels];
  const projected = levels.map((t) => tower.project(tower.patchTokens(t)));
  const shares = scores.sum(projected.map((y) => scores.abnormalShare(y, 1 / TEMPERATURE)));
  const map = scores.enlarge(shares, 'smoothed', () => smoothing(scores.grid, scores.size, SIGMA));
  const cls = graph.add('Unsqueeze', [tower.project(tower.firstOfBlock(x, last)), graph.ints(1)]); // [B, 1, E]
  return {
    map: scores.scaled(map, 1 / levels.length),
    imageScore: scores.mean(scores.abnormalShare(cls, 1 / TEMPERATURE)),
    levels,
  };
}
