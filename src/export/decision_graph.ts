/** Good or faulty, as nodes of an ONNX graph: detect's decisions, by what training recorded or by a calibration. */
import type { Domain } from '../data/datasets.js';
import { ruleOf } from '../detect/calibration.js';
import type { Decision } from '../detect/decision.js';
import type { DecisionRules } from '../detect/decision_rules.js';
import type { ScoreScale } from '../detect/score_scale.js';
import { unpackF16 } from '../io/dtype.js';
import { upsampling } from '../ops/score_map.js';
import type { GraphClass, ScoreGraph } from './score_graph.js';

/** A map's part of the evidence: weight (v - mean). */
interface Part {
  readonly mean: number;
  readonly weight: number;
}

/** What decides on the pictures of a class. */
export interface GraphDecision extends Pick<Decision, 'source' | 'rule'> {
  /** What a picture is decided by: the log-odds of its score, or the largest evidence of its map. */
  readonly by: 'score' | 'evidence';
  readonly score: ScoreScale;
  /** Scale of the evidence at a pixel. */
  readonly map: ScoreScale;
  /** Evidence at a pixel: of the log-odds of the map, and of the distances to the references, summed over the levels. */
  readonly logOdds: Part;
  readonly distance?: Part | undefined;
  /** Unit patch tokens of good pictures, [N, W] row-major, by level, counted from 0. */
  readonly references?: ReadonlyMap<number, Float32Array> | undefined;
}

/** What detect decides on the pictures of a class by: its calibration, else what training recorded, else a preset. */
export function graphDecision(rules: DecisionRules, className: string, domain: Domain): GraphDecision {
  const calibration = rules.calibrations.get(className);
  if (!calibration) {
    return { ...rules.ofDomain(domain), by: 'score', logOdds: { mean: 0, weight: 1 } };
  }
  const { scale, combination, references } = calibration;
  return {
    ...{ source: 'calibration', rule: ruleOf(calibration) },
    ...{ by: 'evidence', score: scale, map: scale },
    ...{ logOdds: combination.zeroShot, distance: combination.distance },
    references: new Map([...references].map(([level, { values }]) => [level, unpackF16(values)])),
  };
}

export interface DecisionInputs {
  /** [B] */
  readonly score: string;
  /** Shares of "abnormal", [B, S, S]. */
  readonly map: string;
  /** Patch tokens of the levels, [B, G G, W]. */
  readonly patches: readonly string[];
  readonly width: number;
}

export interface DecisionOutputs {
  /** On a scale from 0 to 1 with the threshold at 0.5, [B]. */
  readonly score: string;
  /** Whether the score reaches the threshold, [B]. */
  readonly anomalous: string;
  /** Where the map does, [B, S, S]. */
  readonly mask: string;
}

/** @param decisions for each class of `scores`, in their order */
export function decisionGraph(
  scores: ScoreGraph,
  decisions: readonly GraphDecision[],
  inputs: DecisionInputs,
): DecisionOutputs {
  const { graph } = scores;
  return graph.within('decision', () => {
    const of = (name: string, dims: readonly number[], value: (d: GraphDecision) => number): string =>
      scores.ofClass(name, dims, (c) => Float32Array.of(value(decisionOf(scores, decisions, c))));
    const onPixels = (name: string, value: (d: GraphDecision) => number): string => of(name, [1, 1], value);
    const part = (name: string, values: string, which: (d: GraphDecision) => Part | undefined): string => {
      const centred = graph.add('Sub', [values, onPixels(`${name} mean`, (d) => which(d)?.mean ?? 0)]);
      return graph.add('Mul', [centred, onPixels(`${name} weight`, (d) => which(d)?.weight ?? 0)]);
    };
    const zeroShot = part('log-odds', logOdds(scores, inputs.map), (d) => d.logOdds);
    const distances = referenceDistances(scores, decisions, inputs);
    const evidence =
      distances === undefined ? zeroShot : graph.add('Add', [zeroShot, part('distance', distances, (d) => d.distance)]);
    const value = picturesBy(scores, decisions, evidence, inputs.score);
    const threshold = of('threshold', [], (d) => d.score.threshold);
    const places = onScale(scores, value, threshold, (name, v) => of(`score ${name}`, [], (d) => v(d.score)));
    return {
      score: places,
      anomalous: graph.add('GreaterOrEqual', [value, threshold]),
      mask: graph.add('GreaterOrEqual', [evidence, onPixels('map threshold', (d) => d.map.threshold)]),
    };
  });
}

/** What the pictures are decided by, [B]: the largest evidence of their maps, or the log-odds of their scores. */
function picturesBy(scores: ScoreGraph, decisions: readonly GraphDecision[], evidence: string, score: string): string {
  const { graph } = scores;
  const kinds = new Set(decisions.map((d) => d.by));
  if (!kinds.has('score')) return scores.peak(evidence);
  if (!kinds.has('evidence')) return logOdds(scores, score);
  const byEvidence = scores.ofClass('by evidence', [], (c) =>
    Float32Array.of(decisionOf(scores, decisions, c).by === 'evidence' ? 1 : 0),
  );
  const chosen = graph.add('Greater', [byEvidence, graph.scalar(0.5)]);
  return graph.add('Where', [chosen, scores.peak(evidence), logOdds(scores, score)]);
}

const decisionOf = (scores: ScoreGraph, decisions: readonly GraphDecision[], c: GraphClass): GraphDecision =>
  decisions[scores.classes.indexOf(c)]!;

/** Log-odds of shares, the same for all shares that f32 cannot tell from 0 or 1 (`logit`). */
function logOdds(scores: ScoreGraph, shares: string): string {
  const { graph } = scores;
  const p = graph.add('Clip', [shares, graph.scalar(2 ** -126), graph.scalar(1 - 2 ** -24)]);
  return graph.add('Sub', [graph.add('Log', [p]), graph.add('Log', [graph.add('Sub', [graph.scalar(1), p])])]);
}

/** Values on a scale, as detect's `onScale`: linear up to the threshold and beyond it. */
function onScale(
  scores: ScoreGraph,
  values: string,
  threshold: string,
  of: (name: string, value: (scale: ScoreScale) => number) => string,
): string {
  const { graph } = scores;
  const apart = graph.add('Sub', [values, threshold]);
  // Where a part of the scale has no length, its values are at its far end.
  const factor = (length: number): number => (length > 0 ? 0.5 / length : 0);
  const below = graph.add('Mul', [apart, of('factor below', (s) => factor(s.threshold - s.good))]);
  const above = graph.add('Mul', [apart, of('factor above', (s) => factor(s.faulty - s.threshold))]);
  const low = graph.add('Add', [below, of('offset below', (s) => (s.threshold > s.good ? 0.5 : 0))]);
  const high = graph.add('Add', [above, of('offset above', (s) => (s.faulty > s.threshold ? 0.5 : 1))]);
  // The largest float below a half: nothing below the threshold reaches it.
  const cut = graph.add('Clip', [low, graph.scalar(0), graph.scalar(0.5 - 2 ** -25)]);
  const isBelow = graph.add('Less', [apart, graph.scalar(0)]);
  return graph.add('Where', [isBelow, cut, graph.add('Min', [high, graph.scalar(1)])]);
}

/**
 * Distances of patches to the nearest reference of their class, 1 - cosine, summed over the levels, at the size of the picture;
 * undefined where no class has references.
 */
function referenceDistances(
  scores: ScoreGraph,
  decisions: readonly GraphDecision[],
  { patches, width }: DecisionInputs,
): string | undefined {
  const { graph } = scores;
  const levels = patches.flatMap((x, level) => {
    const rows = decisions.map((d) => d.references?.get(level));
    const most = Math.max(0, ...rows.map((r) => (r?.length ?? 0) / width));
    if (most === 0) return [];
    const name = `references, level ${level}`;
    const columns = scores.ofClass(name, [width, most], (c) =>
      columnsOf(decisionOf(scores, decisions, c).references?.get(level), width, most),
    );
    const cosines = graph.add('MatMul', [scores.unit(x), columns]); // [B, G G, N]
    const nearest = graph.add('ReduceMax', [cosines], { axes: { ints: [2] }, keepdims: { i: 1 } });
    const distance = graph.add('Sub', [graph.scalar(1), nearest]); // [B, G G, 1]
    if (rows.every((r) => r !== undefined)) return [distance];
    // Nothing is added to the pictures of a class that has none at this level.
    const counts = scores.ofClass(`${name}, counts`, [1, 1], (c) =>
      Float32Array.of(decisionOf(scores, decisions, c).references?.has(level) ? 1 : 0),
    );
    return [graph.add('Mul', [distance, counts])];
  });
  if (levels.length === 0) return undefined;
  return scores.enlarge(scores.sum(levels), 'bilinear', () => upsampling(scores.grid, scores.size));
}

/** Rows [N, W] as columns [W, most]: the first stands for those that are missing, which changes no nearest one. */
function columnsOf(rows: Float32Array | undefined, width: number, most: number): Float32Array {
  const out = new Float32Array(width * most);
  if (!rows) return out;
  const count = rows.length / width;
  for (let n = 0; n < most; n++) {
    const from = (n < count ? n : 0) * width;
    for (let w = 0; w < width; w++) out[w * most + n] = rows[from + w]!;
  }
  return out;
}
