/** The tensors being trained, by name, with Adam's moments. */
import type { Gpu } from '../gpu/gpu.js';
import type { TensorView } from '../io/tensor_view.js';
import { type AdamOptions, adamStep } from '../ops/adam.js';
import { zeros } from '../ops/fill.js';
import { persist, type Tensor, upload } from '../tensor/tensor.js';

export interface Parameter {
  readonly name: string;
  readonly weight: Tensor;
  readonly m: Tensor;
  readonly v: Tensor;
}

export class Parameters implements Disposable {
  readonly all: readonly Parameter[];
  /** Adam's steps so far. */
  step = 0;

  private constructor(all: readonly Parameter[]) {
    this.all = all;
  }

  /** Makes parameters from host arrays; moments start at zero by default. */
  static from(
    gpu: Gpu,
    list: readonly {
      name: string;
      shape: readonly number[];
      weight: Float32Array;
      m?: Float32Array;
      v?: Float32Array;
    }[],
  ): Parameters {
    const put = (data: Float32Array | undefined, shape: readonly number[]): Tensor =>
      persist(data ? upload(gpu, data, shape) : zeros(gpu, shape));
    return new Parameters(
      list.map(({ name, shape, weight, m, v }) => ({
        name,
        weight: put(weight, shape),
        m: put(m, shape),
        v: put(v, shape),
      })),
    );
  }

  /** Wraps tensors that exist already (a tower's weights): they are updated in place and released with the parameters. */
  static around(list: readonly { name: string; tensor: Tensor }[]): Parameters {
    return new Parameters(
      list.map(({ name, tensor }) => ({
        name,
        weight: tensor,
        m: persist(zeros(tensor.gpu, tensor.shape)),
        v: persist(zeros(tensor.gpu, tensor.shape)),
      })),
    );
  }

  /** Loads the tensors of a view whose names start with `prefix`. */
  static async load(gpu: Gpu, tensors: TensorView, prefix: string): Promise<Parameters> {
    const list = [];
    for (const name of tensors.names.filter((n) => n.startsWith(prefix))) {
      list.push({ name, shape: tensors.shape(name), weight: await tensors.readF32(name) });
    }
    return Parameters.from(gpu, list);
  }

  get weights(): Tensor[] {
    return this.all.map((p) => p.weight);
  }

  /** The weight of that name. @throws when it is missing */
  weight(name: string): Tensor {
    const p = this.all.find((q) => q.name === name);
    if (!p) throw new Error(`parameters: no ${name} among ${this.all.map((q) => q.name).join(', ')}`);
    return p.weight;
  }

  /** One step of Adam; a tensor without gradient keeps its weight and moments. */
  update(grads: readonly (Tensor | null)[], options: AdamOptions): void {
    this.step++;
    this.all.forEach((p, i) => {
      const g = grads[i];
      if (g) adamStep(p.weight, g, p.m, p.v, this.step, options);
    });
  }

  [Symbol.dispose](): void {
    for (const p of this.all) for (const t of [p.weight, p.m, p.v]) t.release();
  }
}

/** Betas and epsilon of the published program. */
export const ADAM = { beta1: 0.5, beta2: 0.999, eps: 1e-8 } as const;

/** The image adapters as layers see them. */
export function imageAdapterWeights(p: Parameters) {
  const of = (part: string): Tensor[] =>
    p.all.filter((q) => q.name.startsWith(`image_adapter.${part}`)).map((q) => q.weight);
  const det = p.all.find((q) => q.name.startsWith('image_adapter.det_proj'))!;
  return {
    blocks: of('layer_adapters'),
    seg: of('seg_proj'),
    det: det.weight,
    relu: det.name.endsWith('.fc.0.weight'),
  };
}

/** The text adapters as layers see them. */
export function textAdapterWeights(p: Parameters) {
  const all = p.all.filter((q) => q.name.startsWith('text_adapter.')).map((q) => q.weight);
  return { blocks: all.slice(0, -1), projection: all.at(-1)! };
}
