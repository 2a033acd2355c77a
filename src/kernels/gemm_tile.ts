/** The product kernel that runs everywhere, for every shape: square tiles in workgroup memory. */
import type { Gpu } from '../gpu/gpu.js';
import type { Tensor } from '../tensor/tensor.js';
import { epilogue, fusesNorms, type Gemm, type GemmJob, type GemmRow, packedB, reads, work } from './gemm_job.js';
import { ROWS } from './packing.js';
import { squareSide } from './tuning.js';

export const tileGemm: GemmRow = {
  name: 'tile',
  packing: ROWS,
  runsOn: (_, job) => reads(ROWS, job) && !fusesNorms(job),
  fuses: false,
  columns: (_, job) => 16 * sideOf(job),
  dispatch: dispatchTiles,
};

const sideOf = ({ m, n, batch = 1 }: Gemm): number => squareSide(m * n * batch);

/** Steps along k that lie in workgroup memory at a time. */
const STEPS = 16;

function dispatchTiles(gpu: Gpu, g: GemmJob): void {
  const { m, n, k, c, batch = 1 } = g;
  const packed = packedB(g);
  const transB = packed ? packed.rowsAlongN : (g.transB ?? false);
  const size = sideOf(g);
  // Both tiles, with a word of padding a row: the large ones are a little over 16 KiB, all that some adapters have.
  const fits = 2 * 4 * STEPS * (16 * size + 1) <= gpu.traits.workgroupMemory;
  gpu.dispatch({
    kernel: 'matmul.tile',
    knobs: {
      TM: size,
      TN: size,
      BK: fits ? STEPS : STEPS / 2,
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
