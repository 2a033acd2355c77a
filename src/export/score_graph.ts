/** From tokens to scores and maps as nodes of an ONNX graph: what every method is made of. */
import type { Domain } from '../data/datasets.js';
import type { ResampleTable } from '../kernels/resample_table.js';
import type { OnnxGraph } from './onnx_graph.js';

/** A class of the graph, by its place among them. */
export interface GraphClass {
  readonly name: string;
  readonly domain: Domain;
  /** Unit columns, normal and abnormal: [E, 2]. */
  readonly anchors: Float32Array;
}

export class ScoreGraph {
  readonly graph: OnnxGraph;
  readonly classes: readonly GraphClass[];
  /** Side of the maps, in pixels. */
  readonly size: number;
  /** Patches along each side. */
  readonly grid: number;
  /** The class of every picture, [B]; undefined where there is but one. */
  readonly #chosen: string | undefined;

  /**
   * @param chosen numbers of classes, an input of the graph; undefined where there is one class
   */
  constructor(
    graph: OnnxGraph,
    classes: readonly GraphClass[],
    { size, grid, chosen }: { readonly size: number; readonly grid: number; readonly chosen: string | undefined },
  ) {
    this.graph = graph;
    this.classes = classes;
    this.size = size;
    this.grid = grid;
    this.#chosen = chosen;
  }

  /** A constant where all classes have the same values, else those of every picture's class, [B, ..dims]. */
  ofClass(name: string, dims: readonly number[], values: (c: GraphClass) => Float32Array): string {
    const all = this.classes.map(values);
    const same = all.every((v) => v.every((x, i) => x === all[0]![i]));
    if (same || this.#chosen === undefined) return this.graph.floats(name, dims, all[0]!);
    const joined = new Float32Array(all.length * all[0]!.length);
    for (const [i, v] of all.entries()) joined.set(v, i * v.length);
    const table = this.graph.floats(name, [all.length, ...dims], joined);
    return this.graph.add('Gather', [table, this.#chosen], { axis: { i: 0 } });
  }

  /**
   * normal cos(f, n) + abnormal cos(f, a) of every row, as `cosineScore` computes it.
   * @param feats [B, L, E] of any length
   * @returns [B, L, 1]
   */
  cosines(feats: string, { normal, abnormal }: { readonly normal: number; readonly abnormal: number }): string {
    const { graph } = this;
    const width = this.classes[0]!.anchors.length / 2;
    const weighted = this.ofClass(`anchors ${normal} ${abnormal}`, [width, 1], ({ anchors }) =>
      Float32Array.from({ length: width }, (_, i) => normal * anchors[2 * i]! + abnormal * anchors[2 * i + 1]!),
    );
    return graph.add('MatMul', [this.unit(feats), weighted]);
  }

  /** softmax over scale times the cosines with both anchors, the abnormal one's share: [B, L, 1]. */
  abnormalShare(feats: string, scale: number): string {
    return this.share(this.cosines(feats, { normal: -scale, abnormal: scale }));
  }

  /** 1 / (1 + exp(-x)). The Sigmoid of some runtimes is exact to 1e-7 of 1, not of a share near 0. */
  share(logits: string): string {
    const { graph } = this;
    const others = graph.add('Exp', [graph.add('Neg', [logits])]);
    return graph.add('Div', [graph.scalar(1), graph.add('Add', [others, graph.scalar(1)])]);
  }

  /** Rows of length 1; one shorter than 1e-12 counts as that long. */
  unit(x: string): string {
    const { graph } = this;
    const length = graph.add('ReduceL2', [x], { axes: { ints: [-1] }, keepdims: { i: 1 } });
    return graph.add('Div', [x, graph.add('Max', [length, graph.scalar(1e-12)])]);
  }

  /** The sum of several values of one shape. */
  sum(values: readonly string[]): string {
    return values.reduce((a, b) => this.graph.add('Add', [a, b]));
  }

  /** factor x + offset */
  scaled(x: string, factor: number, offset = 0): string {
    const { graph } = this;
    const product = factor === 1 ? x : graph.add('Mul', [x, graph.scalar(factor)]);
    return offset === 0 ? product : graph.add('Add', [product, graph.scalar(offset)]);
  }

  /**
   * Values of patches at the size of the picture.
   * @param values [B, L, 1]
   * @param how names the constants
   * @param table how an axis is resized, by domain
   * @returns [B, S, S]
   */
  enlarge(values: string, how: string, table: (domain: Domain) => ResampleTable): string {
    const { graph } = this;
    const [g, s] = [this.grid, this.size];
    const up = this.ofClass(`rows, ${how}`, [s, g], ({ domain }) => dense(table(domain)));
    const across = this.ofClass(`columns, ${how}`, [g, s], ({ domain }) => dense(table(domain), true));
    const square = graph.add('Reshape', [values, graph.ints(0, g, g)]);
    return graph.add('MatMul', [graph.add('MatMul', [up, square]), across]);
  }

  /** The mean of rows of numbers, [B, L, 1] to [B]. */
  mean(values: string): string {
    return this.graph.add('ReduceMean', [values], { axes: { ints: [1, 2] }, keepdims: { i: 0 } });
  }

  /** The largest value of every map, [B, S, S] to [B]. */
  peak(map: string): string {
    return this.graph.add('ReduceMax', [map], { axes: { ints: [1, 2] }, keepdims: { i: 0 } });
  }
}

/** A table as the matrix it stands for, [out, in], or transposed. */
function dense({ inSize, outSize, start, count, weights, maxTaps }: ResampleTable, across = false): Float32Array {
  const out = new Float32Array(inSize * outSize);
  for (let l = 0; l < outSize; l++) {
    for (let t = 0; t < count[l]!; t++) {
      const i = start[l]! + t;
      out[across ? i * outSize + l : l * inSize + i] = weights[l * maxTaps + t]!;
    }
  }
  return out;
}
