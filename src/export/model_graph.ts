/** A whole detector as one ONNX graph: pictures in, maps and scores out. */

import type { ClipTensors } from '../io/clip_names.js';
import type { Activation } from '../kernels/epilogue.js';
import type { ClipConfig } from '../model/config.js';
import type { Method, TrainedParts } from '../model/methods/method.js';
import type { Precision } from '../model/weights.js';
import { decisionGraph, type GraphDecision } from './decision_graph.js';
import { GraphWeights } from './graph_weights.js';
import { methodGraph } from './method_graphs.js';
import { type FinishedGraph, OnnxGraph } from './onnx_graph.js';
import { preparePictures } from './picture_graph.js';
import { type GraphClass, ScoreGraph } from './score_graph.js';
import { TowerGraph } from './tower_graph.js';

/** What goes in: pictures as bytes [B, H, W, 3] of any size, or prepared floats [B, 3, S, S]. */
export type GraphInput = 'pictures' | 'floats';

export interface GraphOptions {
  readonly clip: ClipTensors;
  /** With the levels that are used. */
  readonly config: ClipConfig;
  readonly method: Method;
  readonly adapters: TrainedParts | undefined;
  readonly imageSize: number;
  readonly imageMix: number;
  readonly activation: Activation;
  /** Of the image tower, resized to the image size: [1 + G G, W]. */
  readonly positional: Float32Array;
  readonly classes: readonly GraphClass[];
  readonly input: GraphInput;
  /** What decides on the pictures of each class, in their order. */
  readonly decisions: readonly GraphDecision[];
  /** How matrices are stored; what runs between them are floats in either case. */
  readonly precision: Precision;
}

/**
 * Inputs: `pictures` or `images`; with several classes also `class`, the number of every picture's class. Outputs: `score` [B] and
 * `map` [B, S, S] as a detection has them, `image_score` [B], and the decision: `normalized_score` [B] (0 to 1, the threshold at 0.5),
 * `anomalous` [B] and `mask` [B, S, S].
 */
export function modelGraph(options: GraphOptions): FinishedGraph {
  const { clip, config, method, adapters, imageSize: size, classes, input, precision } = options;
  const graph = new OnnxGraph();
  const pictures =
    input === 'pictures'
      ? graph.input('pictures', 'u8', ['batch', 'height', 'width', 3])
      : graph.input('images', 'f32', ['batch', 3, size, size]);
  const images = input === 'pictures' ? preparePictures(graph, pictures, size) : pictures;
  const chosen = classes.length > 1 ? graph.input('class', 'i64', ['batch']) : undefined;
  const tower = new TowerGraph(new GraphWeights(graph, clip, precision), { ...options, config });
  const scores = new ScoreGraph(graph, classes, { size, grid: tower.grid, chosen });
  const trained = adapters?.image && {
    weights: new GraphWeights(graph, adapters.image, precision),
    names: adapters.image.names,
  };
  const found = methodGraph(method)({ images, tower, scores, trained, imageMix: options.imageMix });
  const { map, imageScore } = found;
  const score = pictureScores(scores, method, map, imageScore);
  graph.output('score', score, 'f32', ['batch']);
  graph.output('image_score', imageScore, 'f32', ['batch']);
  graph.output('map', map, 'f32', ['batch', size, size]);
  const patches = found.levels.map((tokens) => tower.patches(tokens));
  const decided = decisionGraph(scores, options.decisions, { score, map, patches, width: config.visionWidth });
  graph.output('normalized_score', decided.score, 'f32', ['batch']);
  graph.output('anomalous', decided.anomalous, 'bool', ['batch']);
  graph.output('mask', decided.mask, 'bool', ['batch', size, size]);
  return graph.finish();
}

/** Scores of pictures, from the peaks of their maps and the scores of whole pictures, as their method combines them. */
function pictureScores(scores: ScoreGraph, { scoring }: Method, map: string, imageScore: string): string {
  const shares = scores.classes.map(({ domain }) => scoring.peakShare(domain));
  if (shares.every((share) => share === 0)) return imageScore;
  const share = (name: string, of: (peak: number) => number): string =>
    scores.ofClass(name, [], ({ domain }) => Float32Array.of(of(scoring.peakShare(domain))));
  const { graph } = scores;
  const peaks = graph.add('Mul', [scores.peak(map), share('share of the peak', (p) => p)]);
  return graph.add('Add', [peaks, graph.add('Mul', [imageScore, share('share of the picture', (p) => 1 - p)])]);
}
