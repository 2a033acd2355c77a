/**
 * Matrix products on the device: the kernels there are, best first, and the choice between them.
 *
 * Not an op: `linear` and `matmul` give it a contract and a backward rule.
 */
import { empty, type Tensor } from '../tensor/tensor.js';
import type { Gemm, GemmJob, GemmRow } from './gemm_job.js';
import { matrixF16Gemm, matrixGemm } from './gemm_matrix.js';
import { panelGemm } from './gemm_panel.js';
import { tileGemm } from './gemm_tile.js';
import { chooseRow, type KernelList } from './kernel_choice.js';

/** Kernels for products of matrices, best first. */
export const matmulKernels: KernelList<GemmRow> = {
  op: 'matmul',
  rows: [panelGemm, matrixF16Gemm, matrixGemm, tileGemm],
};

/** op(a) · op(b) with bias, activation and residual: [batch, M, N] as one flat tensor of shape [batch * M, N]. */
export function gemm(g: Gemm): Tensor {
  const { gpu } = g.a;
  const job = { ...g, c: empty(gpu, [(g.batch ?? 1) * g.m, g.n]) };
  chooseRow<GemmJob, GemmRow>(gpu, matmulKernels, job).dispatch(gpu, job);
  return job.c;
}
