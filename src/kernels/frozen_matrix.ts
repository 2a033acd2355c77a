/** A weight that needs no gradient, kept only in the layout that its adapter multiplies fastest. */
import type { Gpu } from '../gpu/gpu.js';
import { persist, type Tensor } from '../tensor/tensor.js';
import { matmulKernels } from './gemm.js';
import { chooseRow } from './kernel_choice.js';
import type { PackedMatrix } from './packing.js';

export class FrozenMatrix implements Disposable {
  readonly gpu: Gpu;
  readonly n: number;
  readonly k: number;
  readonly #forward: PackedMatrix;
  #backward: PackedMatrix | undefined;
  /** Parts that were asked for, by their rows. */
  readonly #parts = new Map<string, FrozenMatrix>();

  private constructor(gpu: Gpu, n: number, k: number, forward: PackedMatrix) {
    this.gpu = gpu;
    this.n = n;
    this.k = k;
    this.#forward = forward;
  }

  /**
   * Packs a weight for the best matmul kernel.
   * @param data [N, K] row-major, as linear layers store it: floats, or the bits of f16 values
   * @param half every value of `data` is exact in f16 (`isExactInF16`)
   */
  static pack(gpu: Gpu, data: Float32Array | Uint16Array, n: number, k: number, half: boolean): FrozenMatrix {
    const forward = chooseRow(gpu, matmulKernels).packing.pack(gpu, data, n, k, half);
    persist(forward.data);
    return new FrozenMatrix(gpu, n, k, forward);
  }

  /**
   * Packs rows that are on the device.
   * @param rows [N, K]; still the caller's to release
   * @param half values are rounded to f16
   */
  static fromRows(rows: Tensor, half: boolean): FrozenMatrix {
    const { gpu } = rows;
    const forward = chooseRow(gpu, matmulKernels).packing.packRows(rows, half);
    persist(forward.data);
    return new FrozenMatrix(gpu, rows.dim(0), rows.dim(1), forward);
  }

  /** Whether two f16 values share a word: only where every value is exact in f16. */
  get half(): boolean {
    return this.#forward.half;
  }

  /** The layout for x Wᵀ. */
  forward(): PackedMatrix {
    return this.#forward;
  }

  /** The layout for dy W: panels are transposed on first use, rows serve both ways. */
  backward(): PackedMatrix {
    if (!this.#backward) {
      const turned = this.#forward.packing.turn(this.#forward, this.k, this.n);
      // A dry run writes nothing, so its transposed layout is not kept.
      if (this.gpu.dry) return turned;
      if (turned.data !== this.#forward.data) persist(turned.data);
      this.#backward = turned;
    }
    return this.#backward;
  }

  /**
   * Rows `from` up to `from + count` as a matrix of their own: in the same memory where the layout has them side by side,
   * else copied on first use. This matrix owns it.
   */
  rows(from: number, count: number): FrozenMatrix {
    const key = `${from}:${count}`;
    const known = this.#parts.get(key);
    if (known) return known;
    const { packing } = this.#forward;
    const forward = packing.rows(this.#forward, { n: this.n, k: this.k, from, count });
    const part = new FrozenMatrix(this.gpu, count, this.k, forward);
    // A dry run writes nothing, so what it copied is not kept.
    if (this.gpu.dry) return part;
    persist(forward.data);
    this.#parts.set(key, part);
    return part;
  }

  /** Bytes on the device. */
  get bytes(): number {
    const own = this.#forward.data;
    const back = this.#backward && this.#backward.data !== own ? this.#backward.data.bytes : 0;
    let parts = 0;
    for (const part of this.#parts.values()) {
      const shared = part.#forward.data.storage === own.storage;
      parts += part.bytes - (shared ? part.#forward.data.bytes : 0);
    }
    return own.bytes + back + parts;
  }

  [Symbol.dispose](): void {
    for (const part of this.#parts.values()) part[Symbol.dispose]();
    this.#parts.clear();
    this.#forward.data.release();
    this.#backward?.data.release();
  }
}
