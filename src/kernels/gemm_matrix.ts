/** The product kernels on matrix units, which multiply f16: factors of f32 are split into a high and a low half. */
import type { Gpu } from '../gpu/gpu.js';
import type { MatrixShape, Traits } from '../gpu/traits.js';
import { empty, type Tensor, tidy } from '../tensor/tensor.js';
import { epilogue, type Gemm, type GemmJob, type GemmRow, packedB, reads, work } from './gemm_job.js';
import { KERNEL, type MatrixProduct, type MatrixTile, matrixLanes, matrixTile } from './matrix_tiles.js';
import { matrixUnit } from './matrix_units.js';
import { ROWS } from './packing.js';

/** Activations rounded to f16, as f16 inference elsewhere does; sums in f32. */
export const matrixF16Gemm: GemmRow = { name: 'matrix f16', coarse: true, ...aProductOf(1) };

/** As exact as f32: 22 bits of every factor take part, and low bits that matrix units cut off do not add up. */
export const matrixGemm: GemmRow = { name: 'matrix', ...aProductOf(2) };

/** Length of sums after which those of split factors leave the matrix units, whose additions cut off low bits. */
export const LONGEST_SUM = 1024;

/** @param terms halves of every value of a that take part */
function aProductOf(terms: 1 | 2): Omit<GemmRow, 'name'> {
  return {
    packing: ROWS,
    runsOn(traits, job) {
      if (!job) return matrixTile(traits, ANY) !== undefined;
      return (
        reads(ROWS, job) &&
        inWords(job) &&
        job.gradient !== 'b' &&
        onePerRow(job) &&
        tileOf(traits, job, terms) !== undefined
      );
    },
    momentsWidth: ({ traits }, job) => tileOf(traits, job, terms)!.columns,
    dispatch: (gpu, job) => dispatchMatrices(gpu, job, terms),
  };
}

/** The product that asks for the most: whether an adapter can do any. */
const ANY: MatrixProduct = { m: 1, n: 8, k: 8, terms: [2, 2], rowsAlongN: true };

/** Whether rows of b lie along n: [N, K]. */
const rowsAlongN = (g: Gemm): boolean => packedB(g)?.rowsAlongN ?? g.transB ?? false;

/** Whether rows of a and b begin on eight values, and rows of c on four. */
const inWords = (g: Gemm): boolean => !g.transA && g.k % 8 === 0 && g.n % (rowsAlongN(g) ? 4 : 8) === 0;

/** Of what a kernel may be told about rows, it has room for one thing: moments to read or to write, or scales. */
const onePerRow = (job: GemmJob): boolean =>
  [job.norm, job.moments, job.gradient].filter((x) => x !== undefined).length <= 1;

/** Planes of f16: b needs a second one unless its values are exact in f16, or may be rounded. */
function termsOf(g: Gemm, a: 1 | 2): readonly [1 | 2, 1 | 2] {
  return [a, packedB(g)?.half || g.round ? 1 : a];
}

const tileOf = (traits: Traits, g: Gemm, terms: 1 | 2): MatrixTile | undefined =>
  matrixTile(traits, { ...g, terms: termsOf(g, terms), rowsAlongN: rowsAlongN(g) });

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

function dispatchMatrices(gpu: Gpu, g: GemmJob, aTerms: 1 | 2): void {
  const { m, n, k, c, batch = 1, norm } = g;
  const { traits } = gpu;
  const shape = matrixUnit(traits)!;
  const tile = tileOf(traits, g, aTerms)!;
  if (g.moments && g.moments.width !== tile.columns) {
    throw new Error(
      `${KERNEL}: moments of parts of ${g.moments.width} columns: expected ${tile.columns} (momentsWidth)`,
    );
  }
  const packed = packedB(g);
  const lanes = matrixLanes(traits, shape);
  const [a, b] = termsOf(g, aTerms);
  const scaled = g.gradient === 'a';
  tidy(() =>
    gpu.dispatch({
      kernel: KERNEL,
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
        A_TERMS: a,
        B_TERMS: b,
        HALF: packed?.half ?? false,
        B_ROWS_K: !rowsAlongN(g),
        B_DIRECT: (tile.direct ?? false) && canLoadDirectly(g, shape, tile.depth),
        DRAIN: a > 1 && k > LONGEST_SUM ? LONGEST_SUM / tile.depth : 0,
        NORM: norm !== undefined,
        SCALED: scaled,
        MOMENTS: g.moments !== undefined,
        ...epilogue(g),
      },
      params: { m, n, k, a_batch: m * k, b_batch: n * k, width: norm?.moments.width ?? k, eps: norm?.eps ?? 0 },
      buffers: {
        a: g.a,
        b: packed?.data ?? (g.b as Tensor),
        bias: g.bias ?? g.a,
        residual: g.residual ?? g.a,
        norm_weight: norm?.weight ?? g.a,
        norm_bias: norm?.bias ?? g.a,
        // No other binding may share the buffer of an output.
        moments: scaled ? scalesOf(g.a, batch * m, k) : ((norm?.moments ?? g.moments)?.data ?? empty(gpu, [2])),
        c,
      },
      workgroups: [Math.ceil(n / tile.columns), Math.ceil(m / tile.rows), batch],
      ...work(g),
    }),
  );
}
