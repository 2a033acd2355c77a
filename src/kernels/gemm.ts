/**
 * Matrix products on the device: picks the kernel for the adapter and packs what it wants packed.
 *
 * No op of its own: `linear` and `matmul` give it a contract and a backward rule.
 */
import type { Gpu } from '../gpu/gpu.js';
import { matmulTuning } from '../gpu/tuning.js';
import { foldGrid } from '../tensor/shape.js';
import { empty, type Tensor, tidy } from '../tensor/tensor.js';
import { type Activation, activationCode } from './epilogue.js';

/** A weight in the kernel's own layout: panels for CPU adapters, rows for GPUs; two f16 a word where that is exact. */
export interface PackedMatrix {
  readonly data: Tensor;
  readonly half: boolean;
  /** Columns of a panel; 0 where `data` is row-major. */
  readonly panel: number;
  /** For row-major data: whether rows run along n ([N, K]) instead of along k ([K, N]). */
  readonly rowsAlongN: boolean;
}

export interface Gemm {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly batch?: number;
  readonly a: Tensor;
  /** a holds [K, M] instead of [M, K]. */
  readonly transA?: boolean;
  readonly b: Tensor | PackedMatrix;
  /** b holds [N, K] instead of [K, N]; ignored for a packed b. */
  readonly transB?: boolean;
  readonly bias?: Tensor | undefined;
  readonly residual?: Tensor | undefined;
  readonly activation?: Activation | undefined;
  /**
   * Lets kernels that pack b round it to f16, with sums in f32: about 1.7 times as fast on CPU adapters, and too coarse
   * for anything that is compared with published numbers.
   */
  readonly round?: boolean | undefined;
}

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
  const panel = options.columns ?? matmulTuning(gpu.traits, half).columns;
  const words = panelWords(n, k, panel, half);
  const out = empty(gpu, [batch * words], 'packed');
  const [x, y] = foldGrid(Math.ceil(words / 64));
  gpu.dispatch({
    kernel: 'pack_panel',
    knobs:
      'data' in src
        ? { NB: panel, HALF: half, FROM_PANEL: true, SRC_NB: src.panel }
        : { NB: panel, HALF: half, TRANS: trans },
    params: { n, k, ld: trans ? k : n, src_batch: n * k, words },
    buffers: { src: data, panel: out },
    grid: [x, y, batch],
    traffic: 4 * batch * (words + n * k),
  });
  return { data: out, half, panel, rowsAlongN: false };
}

/** op(a) · op(b) with bias, activation and residual: [batch, M, N] as one flat tensor of shape [batch * M, N]. */
export function gemm(g: Gemm): Tensor {
  const { gpu } = g.a;
  return gpu.traits.adapterClass === 'cpu' ? panelGemm(gpu, g) : tileGemm(gpu, g);
}

function epilogue(g: Gemm) {
  return {
    BIAS: g.bias !== undefined,
    RESIDUAL: g.residual !== undefined,
    ACT: activationCode(g.activation ?? 'none'),
  };
}

function work(g: Gemm): { flops: number; traffic: number } {
  const batch = g.batch ?? 1;
  return { flops: 2 * batch * g.m * g.n * g.k, traffic: 4 * batch * (g.m * g.k + g.k * g.n + g.m * g.n) };
}

/** x [batch, rows, columns] as [batch, columns, rows]. */
function transposed(x: Tensor, batch: number, rows: number, columns: number): Tensor {
  const y = empty(x.gpu, x.shape);
  const [gx, gy] = foldGrid(Math.ceil((columns * Math.ceil(rows / 16)) / 64));
  x.gpu.dispatch({
    kernel: 'transpose',
    params: { rows, columns },
    buffers: { x, y },
    grid: [gx, gy, batch],
    traffic: 8 * x.size,
  });
  return y;
}

function panelGemm(gpu: Gpu, g: Gemm): Tensor {
  const { m, n, k, batch = 1 } = g;
  return tidy(() => {
    const b = 'data' in g.b ? g.b : packPanels(g.b, n, k, { half: g.round ?? false, trans: g.transB ?? false, batch });
    // Columns of a large matrix lie a power of two apart and fall on the same few cache sets: turned around first, the
    // product of a weight's gradient takes a fraction of the time.
    const a = g.transA ? transposed(g.a, batch, k, m) : g.a;
    const { rows, workgroup } = matmulTuning(gpu.traits, b.half);
    const c = empty(gpu, [batch * m, n]);
    const lanes = gpu.traits.subgroupSize;
    gpu.dispatch({
      kernel: 'matmul_panel',
      knobs: { WG: workgroup, SG: lanes, TM: rows, TN: b.panel / lanes, HALF: b.half, ...epilogue(g) },
      params: {
        m,
        n,
        k,
        a_batch: m * k,
        b_batch: panelWords(n, k, b.panel, b.half),
      },
      buffers: { a, b: b.data, bias: g.bias ?? a, residual: g.residual ?? a, c },
      grid: [Math.ceil(n / b.panel), Math.ceil(m / (rows * (workgroup / lanes))), batch],
      ...work(g),
    });
    return c;
  });
}

function tileGemm(gpu: Gpu, g: Gemm): Tensor {
  const { m, n, k, batch = 1 } = g;
  const packed = 'data' in g.b ? g.b : undefined;
  const transB = packed ? packed.rowsAlongN : (g.transB ?? false);
  // Large tiles only where enough of them remain to fill a device.
  const size = m * n * batch >= 128 * 128 * 96 ? 8 : 4;
  const c = empty(gpu, [batch * m, n]);
  gpu.dispatch({
    kernel: 'matmul_tile',
    knobs: {
      TM: size,
      TN: size,
      HALF: packed?.half ?? false,
      TRANS_A: g.transA ?? false,
      TRANS_B: transB,
      ...epilogue(g),
    },
    params: {
      m,
      n,
      k,
      lda: g.transA ? m : k,
      ldb: transB ? k : n,
      a_batch: m * k,
      b_batch: n * k,
    },
    buffers: {
      a: g.a,
      b: packed?.data ?? (g.b as Tensor),
      bias: g.bias ?? g.a,
      residual: g.residual ?? g.a,
      c,
    },
    grid: [Math.ceil(n / (16 * size)), Math.ceil(m / (16 * size)), batch],
    ...work(g),
  });
  return c;
}
