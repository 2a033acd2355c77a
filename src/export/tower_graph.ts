/** CLIP's image tower as nodes of an ONNX graph, in the forms that runtimes fuse: the counterpart of model/vision.ts. */
import type { Activation } from '../kernels/epilogue.js';
import type { ClipConfig } from '../model/config.js';
import { usualVvBlocks } from '../model/two_paths.js';
import type { GraphWeights, RowRange } from './graph_weights.js';
import type { OnnxGraph } from './onnx_graph.js';

export interface TowerUse {
  readonly config: ClipConfig;
  readonly imageSize: number;
  readonly activation: Activation;
  /** [1 + G G, W], resized to the image size. */
  readonly positional: Float32Array;
}

export class TowerGraph {
  readonly graph: OnnxGraph;
  readonly use: TowerUse;
  /** Patches along each side of a picture. */
  readonly grid: number;
  readonly #weights: GraphWeights;

  constructor(weights: GraphWeights, use: TowerUse) {
    this.graph = weights.graph;
    this.use = use;
    this.grid = Math.floor(use.imageSize / use.config.patch);
    this.#weights = weights;
  }

  /** Number of blocks. */
  get depth(): number {
    return this.use.config.visionLayers;
  }

  /** Index of the first block that uses V-V attention, where a method has such; never beyond the last block. */
  get fork(): number {
    return Math.min(this.depth - 1, Math.max(0, this.depth - usualVvBlocks({ blocks: { length: this.depth } })));
  }

  /** Blocks `from` up to `to` (all by default) as `step` computes them: the last tokens, and those at the levels. */
  run(
    x: string,
    step: (x: string, block: number) => string,
    from = 0,
    to: number = this.depth,
  ): { readonly last: string; readonly levels: readonly string[] } {
    const levels: string[] = [];
    let last = x;
    for (let i = from; i < to; i++) {
      last = step(last, i);
      if (this.use.config.levels.includes(i + 1)) levels.push(last);
    }
    return { last, levels };
  }

  /** Tokens before the first block: [B, 3, S, S] to [B, 1 + G G, W]. */
  embed(images: string): string {
    const { graph, grid } = this;
    const { visionWidth: w, patch } = this.use.config;
    const patches = grid * grid;
    return graph.within('embed', () => {
      const kernel = this.#weights.asStored('visual.conv1.weight');
      const conv = graph.add('Conv', [images, kernel], {
        kernel_shape: { ints: [patch, patch] },
        strides: { ints: [patch, patch] },
      }); // [B, W, G, G]
      const rows = graph.add('Transpose', [graph.add('Reshape', [conv, graph.ints(0, w, patches)])], {
        perm: { ints: [0, 2, 1] },
      }); // [B, G G, W]
      const places = graph.floats('positional', [patches + 1, w], this.use.positional);
      const firstPlace = graph.add('Slice', [places, graph.ints(0), graph.ints(1), graph.ints(0)]); // [1, W]
      const first = graph.add('Add', [this.#weights.tensor('visual.class_embedding'), firstPlace]); // [1, W]
      const batch = graph.add('Gather', [graph.add('Shape', [images]), graph.ints(0)]); // [1]
      const shape = graph.add('Concat', [batch, graph.ints(1, w)], { axis: { i: 0 } });
      const others = graph.add('Slice', [places, graph.ints(1), graph.ints(patches + 1), graph.ints(0)]);
      const tokens = [graph.add('Expand', [first, shape]), graph.add('Add', [rows, others])];
      return this.norm(graph.add('Concat', tokens, { axis: { i: 1 } }), 'visual.ln_pre');
    });
  }

  /** Layer normalisation over the last axis. */
  norm(x: string, name: string): string {
    const parameters = [`${name}.weight`, `${name}.bias`].map((n) => this.#weights.tensor(n));
    return this.graph.add('LayerNormalization', [x, ...parameters], { axis: { i: -1 }, epsilon: { f: 1e-5 } });
  }

  /** x + attention(ln_1 x), then + mlp(ln_2 x); V-V attention where `vv`. */
  block(x: string, i: number, vv = false): string {
    return this.graph.within(`block ${i + 1}${vv ? ' V-V' : ''}`, () => {
      const h = this.norm(x, nameOf(i, 'ln_1'));
      const attended = vv ? this.#valuesOf(h, i) : this.#full(h, i).attended;
      return this.#mlp(this.#projected(x, attended, i), i);
    });
  }

  /** A block, and the V-V attention of the same tokens added to a second path (AnomalyCLIP's). */
  blockWithSide(x: string, side: string, i: number): { readonly x: string; readonly side: string } {
    return this.graph.within(`block ${i + 1}`, () => {
      const { attended, v } = this.#full(this.norm(x, nameOf(i, 'ln_1')), i);
      return {
        x: this.#mlp(this.#projected(x, attended, i), i),
        side: this.#projected(side, this.#attention(v, v, v), i),
      };
    });
  }

  /** The second path after a block whose ordinary path nobody needs. */
  sideOfBlock(x: string, side: string, i: number): string {
    return this.graph.within(`block ${i + 1} V-V`, () =>
      this.#projected(side, this.#valuesOf(this.norm(x, nameOf(i, 'ln_1')), i), i),
    );
  }

  /** The class token after a block, [B, W]: all but keys and values is computed for it alone. */
  firstOfBlock(x: string, i: number): string {
    const { graph } = this;
    const { visionWidth: w } = this.use.config;
    return graph.within(`block ${i + 1} class token`, () => {
      const h = this.norm(x, nameOf(i, 'ln_1'));
      const q = this.#inProjection(this.rows(h, 0, 1), i, { from: 0, count: w });
      const [k, v] = graph.addSeveral('Split', [this.#inProjection(h, i, { from: w, count: 2 * w })], 2, {
        axis: { i: 2 },
      });
      const y = this.#projected(this.rows(x, 0, 1), this.#attention(q, k!, v!), i);
      return graph.add('Squeeze', [this.#mlp(y, i), graph.ints(1)]);
    });
  }

  /** Rows `from` up to `to` of every picture. */
  rows(x: string, from: number, to: number): string {
    const { graph } = this;
    return graph.add('Slice', [x, graph.ints(from), graph.ints(to), graph.ints(1)]);
  }

  /** The patch tokens: all but the first, [B, G G, W]. */
  patches(tokens: string): string {
    return this.rows(tokens, 1, this.grid * this.grid + 1);
  }

  /** ln_post of the patch tokens. */
  patchTokens(tokens: string): string {
    return this.norm(this.patches(tokens), 'visual.ln_post');
  }

  /** Through CLIP's own projection, [.., W] to [.., E]. */
  project(x: string): string {
    return this.graph.add('MatMul', [x, this.#weights.asStored('visual.proj')]);
  }

  #linear(x: string, weight: string, bias: string, rows?: RowRange): string {
    const product = this.graph.add('MatMul', [x, this.#weights.transposed(weight, rows)]);
    return this.graph.add('Add', [product, this.#weights.tensor(bias, rows)]);
  }

  #inProjection(h: string, i: number, rows?: RowRange): string {
    return this.#linear(h, nameOf(i, 'attn.in_proj_weight'), nameOf(i, 'attn.in_proj_bias'), rows);
  }

  #full(h: string, i: number): { readonly attended: string; readonly v: string } {
    const [q, k, v] = this.graph.addSeveral('Split', [this.#inProjection(h, i)], 3, { axis: { i: 2 } });
    return { attended: this.#attention(q!, k!, v!), v: v! };
  }

  /** V-V attention, which computes no queries and no keys. */
  #valuesOf(h: string, i: number): string {
    const { visionWidth: w } = this.use.config;
    const v = this.#inProjection(h, i, { from: 2 * w, count: w });
    return this.#attention(v, v, v);
  }

  /** softmax(q kᵀ / sqrt(Dh)) v in every head; all [B, T, W]. */
  #attention(q: string, k: string, v: string): string {
    const { graph } = this;
    const { visionWidth: w, visionHeads: heads } = this.use.config;
    const apart = (x: string, ...perm: number[]): string =>
      graph.add('Transpose', [graph.add('Reshape', [x, graph.ints(0, 0, heads, w / heads)])], {
        perm: { ints: perm },
      });
    const products = graph.add('MatMul', [apart(q, 0, 2, 1, 3), apart(k, 0, 2, 3, 1)]); // [B, H, T, T]
    const scaled = graph.add('Mul', [products, graph.scalar((w / heads) ** -0.5)]);
    const shares = graph.add('Softmax', [scaled], { axis: { i: -1 } });
    const sums = graph.add('MatMul', [shares, apart(v, 0, 2, 1, 3)]); // [B, H, T, Dh]
    const joined = graph.add('Transpose', [sums], { perm: { ints: [0, 2, 1, 3] } });
    return graph.add('Reshape', [joined, graph.ints(0, 0, w)]);
  }

  /** residual + out_proj(attended). */
  #projected(residual: string, attended: string, i: number): string {
    const y = this.#linear(attended, nameOf(i, 'attn.out_proj.weight'), nameOf(i, 'attn.out_proj.bias'));
    return this.graph.add('Add', [residual, y]);
  }

  #mlp(y: string, i: number): string {
    const h = this.#linear(this.norm(y, nameOf(i, 'ln_2')), nameOf(i, 'mlp.c_fc.weight'), nameOf(i, 'mlp.c_fc.bias'));
    const a = activate(this.graph, h, this.use.activation);
    return this.graph.add('Add', [y, this.#linear(a, nameOf(i, 'mlp.c_proj.weight'), nameOf(i, 'mlp.c_proj.bias'))]);
  }
}

const nameOf = (block: number, part: string): string => `visual.transformer.resblocks.${block}.${part}`;

/** An activation in the form that runtimes recognise. */
export function activate(graph: OnnxGraph, x: string, activation: Activation): string {
  switch (activation) {
    case 'none':
      return x;
    case 'leaky_relu':
      return graph.add('LeakyRelu', [x], { alpha: { f: 0.01 } });
    case 'quickgelu':
      return graph.add('Mul', [x, graph.add('Sigmoid', [graph.add('Mul', [x, graph.scalar(1.702)])])]);
    case 'gelu': {
      const erf = graph.add('Erf', [graph.add('Div', [x, graph.scalar(Math.SQRT2)])]);
      return graph.add('Mul', [graph.add('Mul', [x, graph.add('Add', [erf, graph.scalar(1)])]), graph.scalar(0.5)]);
    }
  }
}
