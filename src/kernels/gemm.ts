/**
 * Matrix products on the device: the kernels there are, best first, and the choice between them.
 *
 * Not an op: `linear` and `matmul` give it a contract and a backward rule.
 */
import { empty, type Tensor } from '../tensor/tensor.js';
import { blockGemm } from './gemm_block.js';
import type { Gemm, GemmJob, GemmRow, Moments } from './gemm_job.js';
import { matrixF16Gemm, matrixGemm } from './gemm_matrix.js';
import { panelGemm } from './gemm_panel.js';
import { tileGemm } from './gemm_tile.js';
import { chooseRow, type KernelList } from './kernel_choice.js';

/** Kernels for products of matrices, best first. */
export const matmulKernels: KernelList<GemmRow> = {
  op: 'matmul',
  rows: [panelGemm, matrixF16Gemm, matrixGemm, blockGemm, tileGemm],
};

/** A product and, where they were wanted and its kernel gives them, the moments of its rows. */
export interface Product {
  /** [batch * M, N] */
  readonly c: Tensor;
  readonly moments: Moments | undefined;
}

/** op(a) · op(b) with bias, activation and residual: [batch, M, N] as one flat tensor of shape [batch * M, N]. */
export function gemm(g: Gemm): Tensor {
  return record(g, false).c;
}

/** The same product with the moments of its rows, where the kernel that does it can give them. */
export function gemmWithMoments(g: Gemm): Product {
  return record(g, true);
}

/** Whether the kernel that does this product can normalise the rows of a as it reads them. */
export function fusesNorm(g: Gemm): boolean {
  return chooseRow<Gemm, GemmRow>(g.a.gpu, matmulKernels, g).fuses;
}

/**
 * The largest value of each row of op(a) · op(b) and its column, for every part of the columns; the product is not stored.
 * @returns [batch * M, parts, 2]; columns are numbers below 2^24
 */
export function gemmMaxima(factors: Pick<Gemm, 'm' | 'n' | 'k' | 'batch' | 'a' | 'b' | 'transB'>): Tensor {
  const { gpu } = factors.a;
  const g: Gemm = { ...factors, maxima: true };
  const row = chooseRow<Gemm, GemmRow>(gpu, matmulKernels, g);
  const c = empty(gpu, [(g.batch ?? 1) * g.m, Math.ceil(g.n / row.columns(gpu, g)), 2]);
  row.dispatch(gpu, { ...g, c });
  return c;
}

function record(g: Gemm, wantMoments: boolean): Product {
  const { gpu } = g.a;
  const rows = (g.batch ?? 1) * g.m;
  const c = empty(gpu, [rows, g.n]);
  const row = chooseRow<GemmJob, GemmRow>(gpu, matmulKernels, { ...g, c });
  const width = row.columns(gpu, g);
  const moments = wantMoments && row.fuses ? { data: empty(gpu, [rows, Math.ceil(g.n / width), 2]), width } : undefined;
  row.dispatch(gpu, { ...g, c, moments });
  return { c, moments };
}
