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
   * @param data [N, K] row-major, as linear layers store it: floats, or the bits of f16 values
   * @param half every value is exact in f16
   */
  pack(gpu: Gpu, data: Float32Array | Uint16Array, n: number, k: number, half: boolean): PackedMatrix;
  /**
   * Packs rows that are on the device already, [N, K]; it may take them as they are.
   * @param half values are rounded to f16
   */
  packRows(rows: Tensor, half: boolean): PackedMatrix;
  /** The same weight for dy W: k and n are swapped. It may share its data with `packed`. */
  turn(packed: PackedMatrix, n: number, k: number): PackedMatrix;
  /**
   * Some rows of a weight packed for x Wᵀ, in the same memory where the layout allows it, else copied.
   * @param weight its own sizes, and which rows are taken
   */
  rows(packed: PackedMatrix, weight: RowsOfWeight): PackedMatrix;
}

/** `count` rows from row `from` on of a weight [N, K]. */
export interface RowsOfWeight {
  readonly n: number;
  readonly k: number;
  readonly from: number;
  readonly count: number;
}

/** Whether panel kernels are the better choice: where a subgroup is one CPU vector of a width they know. */
export const panelsPay = ({ barriersAreExpensive, subgroupSize }: Traits): boolean =>
  barriersAreExpensive && (subgroupSize === 4 || subgroupSize === 8);

/** Number of words of a panel-packed [K, N] matrix. */
export function panelWords(n: number, k: number, panel: number, half: boolean): number {
  const k8 = Math.ceil(k / 8) * 8;
  return Math.ceil(n / panel) * panel * (half ? k8 / 2 : k8);
}

interface PanelOptions {
  /** Two f16 values share a word of the panels. */
  readonly half: boolean;
  /** Two f16 values share a word of the source. */
  readonly sourceHalf?: boolean;
  /** The source is [N, K]. */
  readonly trans?: boolean;
  readonly batch?: number;
  /** Columns of a panel. */
  readonly columns?: number;
  /** Where b is only some of the source's columns: the first of them, and how many the source has. */
  readonly first?: number;
  readonly of?: number;
}

/**
 * Packs b for the panel kernel.
 * @param src row-major [K, N], or [N, K] with `trans`, or a packed matrix of the transposed product (backward pass)
 */
export function packPanels(src: Tensor | PackedMatrix, n: number, k: number, options: PanelOptions): PackedMatrix {
  const { half, sourceHalf = false, trans = false, batch = 1, first = 0, of = n } = options;
  const data = 'data' in src ? src.data : src;
  const { gpu } = data;
  const columns = options.columns ?? panelTile(gpu, half).vectors * gpu.traits.subgroupSize;
  const words = panelWords(n, k, columns, half);
  const out = empty(gpu, [batch * words], 'packed');
  gpu.dispatch({
    kernel: 'pack_panel',
    knobs:
      'data' in src
        ? { NB: columns, HALF: half, FROM_PANEL: true, SRC_NB: src.panel }
        : { NB: columns, HALF: half, TRANS: trans, SRC_HALF: sourceHalf },
    params: { n, k, ld: trans ? k : of, src_batch: n * k, words, first },
    buffers: { src: data, panel: out },
    threads: words,
    batch,
    traffic: 4 * batch * (words + n * k),
  });
  return { packing: PANELS, data: out, half, panel: columns, rowsAlongN: false };
}

/** Blocks of columns, k after k: what the panel kernel streams without gaps. */
export const PANELS: Packing = {
  pack: (gpu, data, n, k, half) =>
    tidy(() => {
      const sourceHalf = data instanceof Uint16Array;
      return packPanels(uploadValues(gpu, data), n, k, { half, sourceHalf, trans: true });
    }),
  packRows: (rows, half) => packPanels(rows, rows.dim(0), rows.dim(1), { half, trans: true }),
  turn: (packed, n, k) => packPanels(packed, n, k, { half: packed.half }),
  rows(packed, { n, k, from, count }) {
    const { half, panel, data } = packed;
    // Whole panels are a run of words; other rows are turned around twice.
    const first = panelWords(from, k, panel, half);
    const part = from % panel === 0 ? data.part(first, [panelWords(count, k, panel, half)]) : undefined;
    if (part) return { ...packed, data: part };
    return tidy(() => packPanels(packPanels(packed, k, n, { half }), count, k, { half, first: from, of: n }));
  },
};

/** Row-major as given; two f16 a word where that is exact and rows begin on a word. */
export const ROWS: Packing = {
  pack(gpu, data, _n, k, half) {
    const halves = half && k % 2 === 0;
    const isF16 = data instanceof Uint16Array;
    const packed = isF16 === halves ? uploadValues(gpu, data) : repacked(gpu, data, halves);
    return { packing: ROWS, data: packed, half: halves, panel: 0, rowsAlongN: true };
  },
  packRows(rows, half) {
    const halves = half && rows.dim(1) % 2 === 0;
    const packed = halves ? inWidth(rows, rows.size, true) : rows.view([rows.size]);
    return { packing: ROWS, data: packed, half: halves, panel: 0, rowsAlongN: true };
  },
  turn: (packed) => ({ ...packed, rowsAlongN: !packed.rowsAlongN }),
  rows(packed, { k, from, count }) {
    const { half, data } = packed;
    const wide = half ? k / 2 : k;
    const part = data.part(from * wide, [count * wide]);
    if (part) return { ...packed, data: part };
    const copied = empty(data.gpu, [count * wide], data.dtype);
    data.gpu.copy(data.storage, data.offset + 4 * from * wide, copied.storage, copied.offset, copied.bytes);
    return { ...packed, data: copied };
  },
};

/** Floats as they are, or the bits of f16 values two a word. */
function uploadValues(gpu: Gpu, data: Float32Array | Uint16Array): Tensor {
  if (data instanceof Float32Array) return upload(gpu, data, [data.length]);
  const whole = data.length % 2 === 0 && data.byteOffset % 4 === 0;
  const padded = whole ? data : new Uint16Array(data.length + (data.length % 2));
  if (!whole) padded.set(data);
  return upload(
    gpu,
    new Uint32Array(padded.buffer, padded.byteOffset, padded.length / 2),
    [padded.length / 2],
    'packed',
  );
}

/** Floats as f16 two a word, or the reverse, by the device: the values are exact, so nothing is rounded. */
function repacked(gpu: Gpu, data: Float32Array | Uint16Array, half: boolean): Tensor {
  return tidy(() => inWidth(uploadValues(gpu, data), data.length, half));
}

/** The same for values on the device. */
function inWidth(values: Tensor, count: number, half: boolean): Tensor {
  // A panel one column wide is the matrix itself, its values side by side.
  return packPanels(values, 1, count, { half, sourceHalf: !half && values.dtype === 'packed', columns: 1 }).data;
}
