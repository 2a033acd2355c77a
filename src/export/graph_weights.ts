/** Tensors of a file as constants of a graph: read, transposed and rounded one at a time, when they are written. */
import type { TensorView } from '../io/tensor_view.js';
import { transpose } from '../model/weights.js';
import { sizeOf } from '../tensor/shape.js';
import { elementCode, floatBytes, type OnnxGraph } from './onnx_graph.js';

/** Rows `from` up to `from + count` of a tensor. */
export interface RowRange {
  readonly from: number;
  readonly count: number;
}

export class GraphWeights {
  readonly graph: OnnxGraph;
  readonly #view: TensorView;
  readonly #element: 'f32' | 'f16';
  /** Matrices in floats, by name: one that several products read is turned into floats once. */
  readonly #floats = new Map<string, string>();

  /** @param element how matrices are stored: as f16 they take half the space, and the graph turns them into floats */
  constructor(graph: OnnxGraph, view: TensorView, element: 'f32' | 'f16') {
    this.graph = graph;
    this.#view = view;
    this.#element = element;
  }

  /** A vector or table, always in floats. */
  tensor(name: string, rows?: RowRange): string {
    const shape = this.#view.shape(name);
    const dims = rows ? [rows.count, ...shape.slice(1)] : shape;
    return this.graph.stored(labelled(name, rows), 'f32', dims, async () =>
      floatBytes(await this.#values(name, rows), 'f32'),
    );
  }

  /** A matrix as it stands in the file, or a kernel of a convolution. */
  asStored(name: string): string {
    const dims = this.#view.shape(name);
    return this.#matrix(name, dims, async () => this.#values(name));
  }

  /** A matrix [N, K] of the file as [K, N], as a product of rows takes it. */
  transposed(name: string, rows?: RowRange): string {
    const [all, k] = this.#view.shape(name) as [number, number];
    const n = rows?.count ?? all;
    return this.#matrix(labelled(name, rows), [k, n], async () => transpose(await this.#values(name, rows), n, k));
  }

  #matrix(name: string, dims: readonly number[], values: () => Promise<Float32Array>): string {
    const element = this.#element;
    const stored = this.graph.stored(name, element, dims, async () => floatBytes(await values(), element));
    if (element === 'f32') return stored;
    const floats = this.#floats.get(name) ?? this.graph.add('Cast', [stored], { to: { i: elementCode('f32') } });
    this.#floats.set(name, floats);
    return floats;
  }

  async #values(name: string, rows?: RowRange): Promise<Float32Array> {
    const values = await this.#view.readF32(name);
    if (!rows) return values;
    const width = sizeOf(this.#view.shape(name).slice(1));
    return values.subarray(rows.from * width, (rows.from + rows.count) * width);
  }
}

const labelled = (name: string, rows: RowRange | undefined): string =>
  rows ? `${name}[${rows.from}:${rows.from + rows.count}]` : name;
