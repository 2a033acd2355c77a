/** A weight no gradient is wanted for, kept only in the layout its adapter multiplies fastest with. */
import type { Gpu } from '../gpu/gpu.js';
import { persist, type Tensor, tidy, upload } from '../tensor/tensor.js';
import { type PackedMatrix, packPanels } from './gemm.js';

export class FrozenMatrix implements Disposable {
  readonly gpu: Gpu;
  readonly n: number;
  readonly k: number;
  /** Whether two f16 values share a word: only where every value is exact in f16. */
  readonly half: boolean;
  readonly #forward: PackedMatrix;
  #backward: PackedMatrix | undefined;

  private constructor(gpu: Gpu, n: number, k: number, forward: PackedMatrix) {
    this.gpu = gpu;
    this.n = n;
    this.k = k;
    this.half = forward.half;
    this.#forward = forward;
  }

  /**
   * Packs a weight.
   * @param data [N, K] row-major, as linear layers store it
   * @param half every value of `data` is exact in f16 (`isExactInF16`)
   */
  static pack(gpu: Gpu, data: Float32Array, n: number, k: number, half: boolean): FrozenMatrix {
    const forward = tidy(() => {
      if (gpu.traits.adapterClass === 'cpu') {
        return packPanels(upload(gpu, data, [n, k]), n, k, { half, trans: true });
      }
      // Rows of an odd width would not start on a word.
      return half && k % 2 === 0
        ? { data: packHalves(gpu, data), half: true, panel: 0, rowsAlongN: true }
        : { data: upload(gpu, data, [n, k]), half: false, panel: 0, rowsAlongN: true };
    });
    persist(forward.data);
    return new FrozenMatrix(gpu, n, k, forward);
  }

  /** The layout for x Wᵀ. */
  forward(): PackedMatrix {
    return this.#forward;
  }

  /** The layout for dy W; panels are turned around on first use, rows serve both ways. */
  backward(): PackedMatrix {
    if (!this.#backward) {
      const { half, panel } = this.#forward;
      if (panel === 0) this.#backward = { ...this.#forward, rowsAlongN: false };
      else {
        this.#backward = packPanels(this.#forward, this.k, this.n, { half });
        persist(this.#backward.data);
      }
    }
    return this.#backward;
  }

  /** Bytes on the device. */
  get bytes(): number {
    const back = this.#backward && this.#backward.data !== this.#forward.data ? this.#backward.data.bytes : 0;
    return this.#forward.data.bytes + back;
  }

  [Symbol.dispose](): void {
    this.#forward.data.release();
    this.#backward?.data.release();
  }
}

/** Two f16 a word, by the device: the values are exact, so nothing is rounded. */
function packHalves(gpu: Gpu, data: Float32Array): Tensor {
  const src = upload(gpu, data, [data.length]);
  // A panel one column wide is the matrix itself, two neighbours a word.
  return packPanels(src, 1, data.length, { half: true, columns: 1 }).data;
}
