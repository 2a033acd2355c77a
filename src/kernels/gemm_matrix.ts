/** The product kernels on matrix units, which multiply f16: factors of f32 are split into a high and a low half. */
import type { Gpu } from '../gpu/gpu.js';
import type { MatrixShape } from '../gpu/traits.js';
import { empty, type Tensor, tidy } from '../tensor/tensor.js';
import { epilogue, fusingArguments, type Gemm, type GemmJob, type GemmRow, packedB, reads, work } from './gemm_job.js';
import { hasMatrixTile, type MatrixProduct, type MatrixTile, matrixLanes, matrixTile } from './matrix_tiles.js';
import { matrixUnit } from './matrix_units.js';
import { ROWS } from './packing.js';

/** Activations rounded to f16, as f16 inference elsewhere does; sums in f32. */
export const matrixF16Gemm: GemmRow = { coarse: true, ...aProduct('matrix f16', 1) };

/** As exact as f32: 22 bits of every factor take part, and low bits that matrix units cut off do not add up. */
export const matrixGemm: GemmRow = aProduct('matrix', 2);

/** Length of sums after which those of split factors leave the matrix units, whose additions cut off low bits. */
export const LONGEST_SUM = 1024;

/** @param terms halves of every value of a that take part */
function aProduct(name: string, terms: 1 | 2): GemmRow {
  const tileOf = (gpu: Gpu, g: Gemm): MatrixTile => matrixTile(gpu.traits, gpu.tiles, name, productOf(g, terms));
  return {
    name,
    packing: ROWS,
    runsOn(traits, job) {
      if (!job) return hasMatrixTile(traits, ANY);
      const fits = reads(ROWS, job) && inWords(job) && onePerRow(job) && job.gradient !== 'b';
      return fits && !(job.maxima && drains(job, terms)) && hasMatrixTile(traits, productOf(job, terms));
    },
    fuses: true,
    columns: (gpu, job) => tileOf(gpu, job).columns,
    dispatch: (gpu, job) => dispatchMatrices(gpu, job, productOf(job, terms), tileOf(gpu, job)),
  };
}

/** The product that asks for the most: where it runs, all do. */
const ANY = { terms: [2, 2], rowsAlongN: true } as const;

/** Whether rows of b lie along n: [N, K]. */
const rowsAlongN = (g: Gemm): boolean => packedB(g)?.rowsAlongN ?? g.transB ?? false;

/** Whether rows of a and b begin on eight values, and rows of c on four. */
const inWords = (g: Gemm): boolean => !g.transA && g.k % 8 === 0 && g.n % (rowsAlongN(g) ? 4 : 8) === 0;

/** Whether the kernel is told one thing about rows at most: moments to read, moments or maxima to write, or scales. */
const onePerRow = (job: GemmJob): boolean =>
  [job.norm, job.moments, job.gradient, job.maxima || undefined].filter((x) => x !== undefined).length <= 1;

/** Whether sums leave the matrix units in between: to c, which maxima have not. */
const drains = (g: Gemm, terms: number): boolean => terms > 1 && g.k > LONGEST_SUM;

/** What the tile depends on. b needs a low half unless its values are exact in f16, or may be rounded. */
function productOf(g: Gemm, terms: 1 | 2): MatrixProduct {
  const { m, n, batch } = g;
  return { m, n, batch, terms: [terms, packedB(g)?.half || g.round ? 1 : terms], rowsAlongN: rowsAlongN(g) };
}

/** Powers of two that bring the rows of a gradient near 1, for low halves that f16 can hold. */
function scalesOf(a: Tensor, rows: number, k: number): Tensor {
  const scales = empty(a.gpu, [rows, 2]);
  a.gpu.dispatch({
    kernel: 'matmul_scale',
    params: { rows, d: k },
    buffers: { x: a, scales },
    workgroups: rows,
    traffic: 4 * rows * k,
  });
  return scales;
}

/** Whether b's matrices can be loaded from where it lies: whole matrices, and whole steps along k. */
const canLoadDirectly = (g: Gemm, { n }: MatrixShape, depth: number): boolean =>
  (packedB(g)?.half ?? false) && g.n % n === 0 && g.k % depth === 0;

function dispatchMatrices(gpu: Gpu, g: GemmJob, { terms }: MatrixProduct, tile: MatrixTile): void {
  const { m, n, k, batch = 1, norm } = g;
  if (!onePerRow(g)) throw new Error('matmul.matrix: expected a norm, moments or a gradient, one of them at most');
  if (g.moments && g.moments.width !== tile.columns) {
    throw new Error(`matmul.matrix: moments of ${g.moments.width} columns a part: expected ${tile.columns}`);
  }
  const shape = matrixUnit(gpu.traits)!;
  const lanes = matrixLanes(gpu.traits, shape);
  const packed = packedB(g);
  const scaled = g.gradient === 'a';
  tidy(() => {
    const { params, buffers } = fusingArguments(g);
    gpu.dispatch({
      kernel: 'matmul.matrix',
      knobs: {
        WG: lanes * tile.down * tile.across,
        SG: lanes,
        MM: shape.m,
        MN: shape.n,
        MK: shape.k,
        SGM: tile.down,
        SGN: tile.across,
        FM: tile.rows / (tile.down * shape.m),
        FN: tile.columns / (tile.across * shape.n),
        BK: tile.depth,
        A_TERMS: terms[0],
        B_TERMS: terms[1],
        HALF: packed?.half ?? false,
        B_ROWS_K: !rowsAlongN(g),
        B_DIRECT: tile.direct && canLoadDirectly(g, shape, tile.depth),
        DRAIN: drains(g, terms[0]) ? LONGEST_SUM / tile.depth : 0,
        NORM: norm !== undefined,
        SCALED: scaled,
        MOMENTS: g.moments !== undefined,
        ...epilogue(g),
      },
      params,
      buffers: scaled ? { ...buffers, moments: scalesOf(g.a, batch * m, k) } : buffers,
      workgroups: [Math.ceil(n / tile.columns), Math.ceil(m / tile.rows), batch],
      ...work(g),
    });
  });
}
