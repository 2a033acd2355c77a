/** The product kernel for CPU adapters: no workgroup memory, no barrier, b in panels. */
import type { Gpu } from '../gpu/gpu.js';
import { empty, type Tensor, tidy } from '../tensor/tensor.js';
import { epilogue, fusesNorms, type GemmJob, type GemmRow, packedB, reads, work } from './gemm_job.js';
import { PANELS, packPanels, panelsPay, panelWords } from './packing.js';
import { panelTile } from './tuning.js';

export const panelGemm: GemmRow = {
  name: 'panel',
  packing: PANELS,
  runsOn: (traits, job) => panelsPay(traits) && reads(PANELS, job) && !fusesNorms(job),
  fuses: false,
  columns: (gpu, job) => packedB(job)?.panel ?? panelTile(gpu, job.round ?? false).vectors * gpu.traits.subgroupSize,
  dispatch: dispatchPanels,
};

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
    const { rows, workgroup } = panelTile(gpu, b.half);
    const lanes = gpu.traits.subgroupSize;
    gpu.dispatch({
      kernel: 'matmul.panel',
      knobs: { WG: workgroup, SG: lanes, TM: rows, TN: b.panel / lanes, HALF: b.half, ...epilogue(g) },
      params: { m, n, k, a_batch: m * k, b_batch: panelWords(n, k, b.panel, b.half), vectors: b.panel / lanes },
      buffers: { a, b: b.data, bias: g.bias ?? a, residual: g.residual ?? a, c },
      workgroups: [Math.ceil(n / b.panel), Math.ceil(m / (rows * (workgroup / lanes))), batch],
      ...work(g),
    });
  });
}
