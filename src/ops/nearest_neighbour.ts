/** The nearest of remembered rows, for inference: how like the patches of references a patch is. */
import { recording } from '../autograd/tape.js';
import { gemmMaxima } from '../kernels/gemm.js';
import type { MemoryBank } from '../kernels/memory_bank.js';
import { show } from '../tensor/shape.js';
import { empty, type Tensor, tidy } from '../tensor/tensor.js';

export interface Nearest {
  /** `[...]`, the largest cosine of a row with any row of the memory; 1 minus it is their distance. */
  readonly cosine: Tensor;
  /** `[...]`, which row of the memory that is, the first of equal ones; words of u32. */
  readonly index: Tensor;
}

/** Bytes of maxima that are held at a time. */
const MAXIMA_BYTES = 2 ** 24;

/** Rows are taken in runs of so many, whose results begin where a binding may begin. */
const STEP = 64;

/**
 * The largest cosine of every row with the rows of a memory. Products and the maximum of each row are one kernel: the matrix
 * of all cosines is never stored. It has no gradient.
 * @param x [..., C], unit rows
 * @param memory unit rows of width C
 * @throws when widths differ, or while a tape records
 */
export function nearestNeighbour(x: Tensor, memory: MemoryBank): Nearest {
  const k = x.dim(-1);
  if (k !== memory.width) {
    throw new Error(`nearestNeighbour: expected rows of width ${memory.width}, as in the memory, got ${show(x.shape)}`);
  }
  if (recording()) throw new Error('nearestNeighbour: has no gradient: use matmul while a tape records');
  return tidy(() => {
    const shape = x.shape.slice(0, -1);
    const cosine = empty(x.gpu, shape);
    const index = empty(x.gpu, shape, 'u32');
    const most = rowsAtATime(memory);
    const rows = x.size / k;
    for (let from = 0; from < rows; from += most) {
      const m = Math.min(most, rows - from);
      compare(x.part(from * k, [m, k])!, memory, cosine.part(from, [m])!, index.part(from, [m])!);
    }
    return { cosine, index };
  });
}

/** Rows whose maxima fit: a part of a chunk has eight columns at least. */
function rowsAtATime({ chunks }: MemoryBank): number {
  const parts = Math.max(...chunks.map(({ matrix }) => matrix.n / 8));
  return Math.max(STEP, Math.floor(MAXIMA_BYTES / (8 * parts * STEP)) * STEP);
}

function compare(a: Tensor, memory: MemoryBank, cosine: Tensor, index: Tensor): void {
  const { gpu } = a;
  const [m, k] = a.shape as [number, number];
  for (const { matrix, first } of memory.chunks) {
    tidy(() => {
      const maxima = gemmMaxima({ m, n: matrix.n, k, a, b: matrix.forward() });
      gpu.dispatch({
        kernel: 'nearest_neighbour',
        knobs: { AGAIN: first > 0 },
        params: { rows: m, parts: maxima.dim(1), first },
        buffers: { maxima, cosine, index },
        threads: m,
        traffic: maxima.bytes + 8 * m,
      });
    });
  }
}
