/**
 * Matrix products on the device: the kernels there are, best first, and the choice between them.
 *
 * Not an op: `linear` and `matmul` give it a contract and a backward rule.
 */
import type { Gpu } from '../gpu/gpu.js';
import { empty, type Tensor, tidy } from '../tensor/tensor.js';
import { type Activation, activationCode } from './epilogue.js';
import { chooseRow, type KernelList, type KernelRow } from './kernel_choice.js';
import { PANELS, type PackedMatrix, type Packing, packPanels, panelsPay, panelWords, ROWS } from './packing.js';
import { panelTile, squareSide } from './tuning.js';

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

/** A product and the tensor it is written to, [batch * M, N]. */
interface GemmJob extends Gemm {
  readonly c: Tensor;
}

export interface GemmRow extends KernelRow<GemmJob> {
  /** The layout in which it reads a packed b. */
  readonly packing: Packing;
}

const packedB = ({ b }: Gemm): PackedMatrix | undefined => ('data' in b ? b : undefined);

/** Whether a kernel of this layout can read b: it must not be packed yet, or be packed for this layout. */
function reads(packing: Packing, g: Gemm | undefined): boolean {
  const packed = g && packedB(g);
  return !packed || packed.packing === packing;
}

/** Kernels for products of matrices, best first. */
export const matmulKernels: KernelList<GemmRow> = {
  op: 'matmul',
  rows: [
    {
      name: 'panel',
      packing: PANELS,
      runsOn: (traits, job) => panelsPay(traits) && reads(PANELS, job),
      dispatch: dispatchPanels,
    },
    { name: 'tile', packing: ROWS, runsOn: (_, job) => reads(ROWS, job), dispatch: dispatchTiles },
  ],
};

/** op(a) · op(b) with bias, activation and residual: [batch, M, N] as one flat tensor of shape [batch * M, N]. */
export function gemm(g: Gemm): Tensor {
  const { gpu } = g.a;
  const job = { ...g, c: empty(gpu, [(g.batch ?? 1) * g.m, g.n]) };
  chooseRow<GemmJob, GemmRow>(gpu, matmulKernels, job).dispatch(gpu, job);
  return job.c;
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

/** Rows an invocation of the transposition moves. */
const STRIP = 16;

/** x [batch, rows, columns] as [batch, columns, rows]. */
function transposed(x: Tensor, batch: number, rows: number, columns: number): Tensor {
  const y = empty(x.gpu, x.shape);
  x.gpu.dispatch({
    kernel: 'transpose',
    knobs: { STRIP },
    params: { rows, columns },
    buffers: { x, y },
    threads: columns * Math.ceil(rows / STRIP),
    batch,
    traffic: 8 * x.size,
  });
  return y;
}

function dispatchPanels(gpu: Gpu, g: GemmJob): void {
  const { m, n, k, c, batch = 1 } = g;
  tidy(() => {
    const half = g.round ?? false;
    const b = packedB(g) ?? packPanels(g.b as Tensor, n, k, { half, trans: g.transB ?? false, batch });
    // Columns of a large matrix lie a power of two apart and fall on the same few cache sets: transposed first, the
    // product of a weight's gradient takes a fraction of the time.
    const a = g.transA ? transposed(g.a, batch, k, m) : g.a;
    const { rows, workgroup } = panelTile(b.half);
    const lanes = gpu.traits.subgroupSize;
    gpu.dispatch({
      kernel: 'matmul.panel',
      knobs: { WG: workgroup, SG: lanes, TM: rows, TN: b.panel / lanes, HALF: b.half, ...epilogue(g) },
      params: { m, n, k, a_batch: m * k, b_batch: panelWords(n, k, b.panel, b.half) },
      buffers: { a, b: b.data, bias: g.bias ?? a, residual: g.residual ?? a, c },
      workgroups: [Math.ceil(n / b.panel), Math.ceil(m / (rows * (workgroup / lanes))), batch],
      ...work(g),
    });
  });
}

function dispatchTiles(gpu: Gpu, g: GemmJob): void {
  const { m, n, k, c, batch = 1 } = g;
  const packed = packedB(g);
  const transB = packed ? packed.rowsAlongN : (g.transB ?? false);
  const size = squareSide(m * n * batch);
  gpu.dispatch({
    kernel: 'matmul.tile',
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
    threads: [Math.ceil(n / size), Math.ceil(m / size), batch],
    ...work(g),
  });
}
