/** Loads weights onto the device: frozen matrices packed, the rest as tensors. */
import type { Gpu } from '../gpu/gpu.js';
import { isExactInF16, packF16, toF32, unpackF16 } from '../io/dtype.js';
import type { TensorView } from '../io/tensor_view.js';
import { FrozenMatrix } from '../kernels/frozen_matrix.js';
import type { Block, Linear, Norm, Weight } from '../nn/layers.js';
import { persist, type Tensor, upload } from '../tensor/tensor.js';

/** `f32` keeps every weight as it is (two to a word where f16 holds it exactly); `f16` rounds matrices to f16. */
export type Precision = 'f32' | 'f16';

export interface LoadOptions {
  readonly precision?: Precision | undefined;
  /** Load matrices as tensors that can have gradients, instead of frozen. */
  readonly trainable?: boolean | undefined;
  /** Trainable weights are rounded to f16 inside the tower's products: for pre-training on CPU adapters. */
  readonly roundProducts?: boolean | undefined;
  /** Called after every tensor with the bytes read so far. */
  readonly onProgress?: ((bytes: number) => void) | undefined;
}

/** A trainable weight under its name in the file. */
export interface NamedWeight {
  readonly name: string;
  readonly tensor: Tensor;
  /** Shape in the file. */
  readonly shape: readonly number[];
  /** Whether the tensor holds the transpose of the file's matrix. */
  readonly transposed: boolean;
}

/** Reads tensors one at a time; releases everything it made together. */
export class WeightLoader implements Disposable {
  readonly gpu: Gpu;
  readonly #tensors: TensorView;
  readonly #options: LoadOptions;
  readonly #made: Disposable[] = [];
  readonly #named: NamedWeight[] = [];
  #bytes = 0;

  constructor(gpu: Gpu, tensors: TensorView, options: LoadOptions) {
    this.gpu = gpu;
    this.#tensors = tensors;
    this.#options = options;
  }

  /** The trainable weights, where the options require them. */
  get named(): readonly NamedWeight[] {
    return this.#named;
  }

  /** A tensor of the file on the host. */
  async host(name: string): Promise<Float32Array> {
    const data = await this.#tensors.readF32(name);
    this.#bytes += data.byteLength;
    this.#options.onProgress?.(this.#bytes);
    return data;
  }

  /** A vector, table or bias. */
  async tensor(name: string, shape?: readonly number[]): Promise<Tensor> {
    const data = await this.host(name);
    const t = persist(upload(this.gpu, data, shape ?? this.#tensors.shape(name)));
    this.#made.push(t);
    this.#named.push({ name, tensor: t, shape: this.#tensors.shape(name), transposed: false });
    return t;
  }

  /** A matrix [N, K] (dimensions after the first are one); `transposed` when the file holds it as [K, N]. */
  async matrix(name: string, transposed = false): Promise<Weight> {
    const shape = this.#tensors.shape(name);
    const rows = shape[0]!;
    const columns = shape.slice(1).reduce((a, b) => a * b, 1);
    const [n, k] = transposed ? [columns, rows] : [rows, columns];
    if (this.#options.trainable) {
      const raw = await this.host(name);
      const data = transposed ? transpose(raw, rows, columns) : raw;
      const t = persist(upload(this.gpu, data, [n, k]));
      this.#made.push(t);
      this.#named.push({ name, tensor: t, shape, transposed });
      return t;
    }
    const raw = await this.#stored(name);
    return this.#freeze(transposed ? transpose(raw, rows, columns) : raw, n, k);
  }

  /** Matrices [N, K] of equal width one below the other, as one frozen matrix: what reads the same rows is one product. */
  async stacked(names: readonly string[]): Promise<FrozenMatrix> {
    const read: (Float32Array | Uint16Array)[] = [];
    for (const name of names) read.push(await this.#stored(name));
    // Joined as f16 only where all are.
    const parts = read.every((p) => p instanceof Uint16Array) ? read : read.map(floats);
    const k = this.#tensors
      .shape(names[0]!)
      .slice(1)
      .reduce((a, b) => a * b, 1);
    const size = parts.reduce((sum, part) => sum + part.length, 0);
    const data = parts[0] instanceof Uint16Array ? new Uint16Array(size) : new Float32Array(size);
    let at = 0;
    for (const part of parts) {
      data.set(part, at);
      at += part.length;
    }
    return this.#freeze(data, data.length / k, k);
  }

  /** A tensor of the file on the host: the bits of its values where it is stored as f16, else floats. */
  async #stored(name: string): Promise<Float32Array | Uint16Array> {
    const { dtype, bytes } = await this.#tensors.read(name);
    const aligned = bytes.byteOffset % 2 === 0 ? bytes : new Uint8Array(bytes);
    const data =
      dtype === 'F16'
        ? new Uint16Array(aligned.buffer, aligned.byteOffset, aligned.byteLength / 2)
        : toF32(bytes, dtype);
    // Progress counts every value as a float, as the sizes of towers do.
    this.#bytes += 4 * data.length;
    this.#options.onProgress?.(this.#bytes);
    return data;
  }

  #freeze(data: Float32Array | Uint16Array, n: number, k: number): FrozenMatrix {
    const rounded = data instanceof Float32Array && this.#options.precision === 'f16' ? packF16(data) : data;
    const exact = rounded instanceof Uint16Array || (!this.gpu.counts && isExactInF16(rounded));
    const frozen = FrozenMatrix.pack(this.gpu, rounded, n, k, exact);
    this.#made.push(frozen);
    return frozen;
  }

  async norm(prefix: string): Promise<Norm> {
    return { weight: await this.tensor(`${prefix}.weight`), bias: await this.tensor(`${prefix}.bias`) };
  }

  async linear(weight: string, bias: string): Promise<Linear> {
    return { weight: await this.matrix(weight), bias: await this.tensor(bias) };
  }

  /** Block `prefix` of a tower, with OpenAI's names. */
  async block(prefix: string): Promise<Block> {
    const made = {
      ln1: await this.norm(`${prefix}.ln_1`),
      inProj: await this.linear(`${prefix}.attn.in_proj_weight`, `${prefix}.attn.in_proj_bias`),
      outProj: await this.linear(`${prefix}.attn.out_proj.weight`, `${prefix}.attn.out_proj.bias`),
      ln2: await this.norm(`${prefix}.ln_2`),
      fc: await this.linear(`${prefix}.mlp.c_fc.weight`, `${prefix}.mlp.c_fc.bias`),
      proj: await this.linear(`${prefix}.mlp.c_proj.weight`, `${prefix}.mlp.c_proj.bias`),
    };
    // The device packs slower than a disk reads: without a pause here, uploads would pile up in memory.
    await this.gpu.idle();
    return made;
  }

  [Symbol.dispose](): void {
    for (const d of this.#made.splice(0)) d[Symbol.dispose]();
  }
}

const floats = (data: Float32Array | Uint16Array): Float32Array =>
  data instanceof Float32Array ? data : unpackF16(data);

/** [rows, columns] to [columns, rows]. */
export function transpose<Values extends Float32Array | Uint16Array>(
  data: Values,
  rows: number,
  columns: number,
): Values {
  const out = data.slice() as Values;
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) out[c * rows + r] = data[r * columns + c]!;
  return out;
}
