/** The product kernel for GPUs without matrix units: blocks of f32 sums in registers, four values a load. */
import type { Gpu } from '../gpu/gpu.js';
import { tidy } from '../tensor/tensor.js';
import { epilogue, fusingArguments, type Gemm, type GemmJob, type GemmRow, packedB, reads, work } from './gemm_job.js';
import { ROWS } from './packing.js';
import { type BlockTile, blockTile } from './tuning.js';

export const blockGemm: GemmRow = {
  name: 'block',
  packing: ROWS,
  runsOn: (_, job) => !job || (reads(ROWS, job) && inQuads(job) && fusesOneWay(job)),
  fuses: true,
  columns: (gpu, job) => tileOf(gpu, job).columns,
  dispatch: (gpu, job) => dispatchBlocks(gpu, job, tileOf(gpu, job)),
};

/** Whether rows of b lie along n: [N, K]. */
const rowsAlongN = (g: Gemm): boolean => packedB(g)?.rowsAlongN ?? g.transB ?? false;

/** Whether every row of a, b and c begins on four values. */
const inQuads = (g: Gemm): boolean =>
  g.n % 4 === 0 && (g.transA ? g.m : g.k) % 4 === 0 && (!rowsAlongN(g) || g.k % 4 === 0);

/** Moments are read or written, by one binding; those that are read belong to the rows of an a that is not transposed. */
const fusesOneWay = (job: GemmJob): boolean => !job.norm || !(job.moments || job.transA);

const tileOf = ({ traits, tiles }: Gpu, { m, n, batch = 1 }: Gemm) =>
  blockTile(traits.workgroupMemory, m * n * batch, tiles);

/** Records a product cut into tiles of this kind. */
export function dispatchBlocks(gpu: Gpu, g: GemmJob, { knobs, rows, columns }: BlockTile): void {
  const { m, n, batch = 1, norm } = g;
  const packed = packedB(g);
  if (g.moments && g.moments.width !== columns) {
    throw new Error(`matmul.block: moments of parts of ${g.moments.width} columns: expected ${columns}`);
  }
  tidy(() =>
    gpu.dispatch({
      kernel: 'matmul.block',
      knobs: {
        ...knobs,
        HALF: packed?.half ?? false,
        TRANS_A: g.transA ?? false,
        TRANS_B: rowsAlongN(g),
        NORM: norm !== undefined,
        MOMENTS: g.moments !== undefined,
        ...epilogue(g),
      },
      ...fusingArguments(g),
      workgroups: [Math.ceil(n / columns), Math.ceil(m / rows), batch],
      ...work(g),
    }),
  );
}
