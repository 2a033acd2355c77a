/** Layouts of a matrix that is only the second factor of products: each matmul kernel names the layout it reads. */
import type { Gpu } from '../gpu/gpu.js';
import type { Traits } from '../gpu/traits.js';
import { empty, type Tensor, tidy, upload } from '../tensor/tensor.js';
import { panelTile } from './tuning.js';

/** A matrix in the layout of a kernel. */
export interface PackedMatrix {
  readonly packing: Packing;
  readonly data: Tensor;
  /** Two f16 values share a word. */
  readonly half: boolean;
  /** Columns of a panel; 0 where `data` is row-major. */
  readonly panel: number;
  /** For row-major data: whether rows run along n ([N, K]) instead of along k ([K, N]). */
  readonly rowsAlongN: boolean;
}

/** A layout, and how matrices get into it. */
export interface Packing {
  /**
   * Packs a weight for x Wᵀ.
   * @param data [N, K] row-major, as linear layers store it
   * @param half every value is exact in f16
   */
  pack(gpu: Gpu, data: Float32Array, n: number, k: number, half: boolean): PackedMatrix;
  /** The same weight for dy W: k and n are swapped. It may share its data with `packed`. */
  turn(packed: PackedMatrix, n: number, k: number): PackedMatrix;
}

/** Whether panel kernels are the better choice: where a subgroup is one CPU vector of a width they know. */
export const panelsPay = ({ barriersAreExpensive, subgroupSize }: Traits): boolean =>
  barriersAreExpensive && (subgroupSize === 4 || subgroupSize === 8);

/** Number of words of a panel-packed [K, N] matrix. */
export function panelWords(n: number, k: number, panel: number, half: boolean): number {
  const k8 = Math.ceil(k / 8) * 8;
  return Math.ceil(n / panel) * panel * (half ? k8 / 2 : k8);
}

/**
 * Packs b for the panel kernel.
 * @param src row-major [K, N], or [N, K] with `trans`, or a packed matrix of the transposed product (backward pass)
 */
export function packPanels(
  src: Tensor | PackedMatrix,
  n: number,
  k: number,
  options: { half: boolean; trans?: boolean; batch?: number; columns?: number },
): PackedMatrix {
  const { half, trans = false, batch = 1 } = options;
  const data = 'data' in src ? src.data : src;
  const { gpu } = data;
  const columns = options.columns ?? panelTile(gpu.tiles, half).vectors * gpu.traits.subgroupSize;
  const words = panelWords(n, k, columns, half);
  const out = empty(gpu, [batch * words], 'packed');
  gpu.dispatch({
    kernel: 'pack_panel',
    knobs:
      'data' in src
        ? { NB: columns, HALF: half, FROM_PANEL: true, SRC_NB: src.panel }
        : { NB: columns, HALF: half, TRANS: trans },
    params: { n, k, ld: trans ? k : n, src_batch: n * k, words },
    buffers: { src: data, panel: out },
    threads: words,
    batch,
    traffic: 4 * batch * (words + n * k),
  });
  return { packing: PANELS, data: out, half, panel: columns, rowsAlongN: false };
}

/** Blocks of columns, k after k: what the panel kernel streams without gaps. */
export const PANELS: Packing = {
  pack: (gpu, data, n, k, half) => tidy(() => packPanels(upload(gpu, data, [n, k]), n, k, { half, trans: true })),
  turn: (packed, n, k) => packPanels(packed, n, k, { half: packed.half }),
};

/** Row-major as given; two f16 a word where that is exact and rows begin on a word. */
export const ROWS: Packing = {
  pack(gpu, data, n, k, half) {
    const halves = half && k % 2 === 0;
    const packed = tidy(() => (halves ? packHalves(gpu, data) : upload(gpu, data, [n, k])));
    return { packing: ROWS, data: packed, half: halves, panel: 0, rowsAlongN: true };
  },
  turn: (packed) => ({ ...packed, rowsAlongN: !packed.rowsAlongN }),
};

/** Two f16 a word, by the device: the values are exact, so nothing is rounded. */
function packHalves(gpu: Gpu, data: Float32Array): Tensor {
  // A panel one column wide is the matrix itself, two neighbours a word.
  return packPanels(upload(gpu, data, [data.length]), 1, data.length, { half: true, columns: 1 }).data;
}
