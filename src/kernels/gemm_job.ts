/** What a matrix product is asked to do, and what kernels of products have in common. */
import type { Dispatch, Gpu } from '../gpu/gpu.js';
import { empty, type Tensor } from '../tensor/tensor.js';
import { type Activation, activationCode } from './epilogue.js';
import type { KernelRow } from './kernel_choice.js';
import type { PackedMatrix, Packing } from './packing.js';

/** Moments of the rows of a matrix, by parts of `width` columns, of which the last may be narrower. */
export interface Moments {
  /** [rows, parts, 2]: the mean of a part's values, and the sum of their squared deviations from it. */
  readonly data: Tensor;
  readonly width: number;
}

/** LayerNorm along rows whose moments are known. */
export interface NormOfRows {
  readonly moments: Moments;
  /** [K] */
  readonly weight: Tensor;
  /** [K] */
  readonly bias: Tensor;
  readonly eps: number;
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
  /**
   * Which factor is a gradient, whose values may be of any size: kernels that split values into f16 scale its rows first.
   */
  readonly gradient?: 'a' | 'b' | undefined;
  /** LayerNorm applied to the rows of a as they are read; only for kernels that fuse norms. */
  readonly norm?: NormOfRows | undefined;
  /** The product is not written, only the largest value of each of its rows: without an epilogue, a norm or moments. */
  readonly maxima?: boolean | undefined;
}

/** A product and the tensor it is written to. */
export interface GemmJob extends Gemm {
  /** [batch * M, N]; with `maxima` [batch * M, parts, 2]: the largest value of a part of `columns`, and its column. */
  readonly c: Tensor;
  /** Also written by kernels that fuse norms: the moments of c's rows. */
  readonly moments?: Moments | undefined;
}

export interface GemmRow extends KernelRow<GemmJob> {
  /** The layout in which it reads a packed b. */
  readonly packing: Packing;
  /** Whether the kernel can normalise the rows of a as it reads them (`Gemm.norm`) and give the moments of those it writes. */
  readonly fuses: boolean;
  /** The columns of a part that has moments or maxima of its own, for this job. */
  columns(gpu: Gpu, job: Gemm): number;
}

/** b where it is packed. */
export const packedB = ({ b }: Gemm): PackedMatrix | undefined => ('data' in b ? b : undefined);

/** Whether a kernel of this layout can read b: it must not be packed yet, or be packed for this layout. */
export function reads(packing: Packing, g: Gemm | undefined): boolean {
  const packed = g && packedB(g);
  return !packed || packed.packing === packing;
}

/** Whether a job asks for what only kernels that fuse norms can do. */
export const fusesNorms = (job: GemmJob | undefined): boolean => job?.norm !== undefined || job?.moments !== undefined;

/** Knobs of the epilogue. */
export function epilogue(g: Gemm) {
  return {
    BIAS: g.bias !== undefined,
    RESIDUAL: g.residual !== undefined,
    ACT: activationCode(g.activation ?? 'none'),
    MAXIMA: g.maxima ?? false,
  };
}

/** Parameters and buffers of the kernels that can fuse norms. */
export function fusingArguments(g: GemmJob): Required<Pick<Dispatch, 'params' | 'buffers'>> {
  const { m, n, k, norm } = g;
  const packed = packedB(g);
  return {
    params: { m, n, k, a_batch: m * k, b_batch: n * k, width: norm?.moments.width ?? k, eps: norm?.eps ?? 0 },
    buffers: {
      a: g.a,
      b: packed?.data ?? (g.b as Tensor),
      bias: g.bias ?? g.a,
      residual: g.residual ?? g.a,
      norm_weight: norm?.weight ?? g.a,
      norm_bias: norm?.bias ?? g.a,
      // No other binding may share the buffer of an output.
      moments: g.maxima ? g.c : ((norm?.moments ?? g.moments)?.data ?? empty(g.a.gpu, [2])),
      c: g.maxima ? empty(g.a.gpu, [4]) : g.c,
    },
  };
}

/** Operations and traffic, for the profile. */
export function work(g: Gemm): { flops: number; traffic: number } {
  const batch = g.batch ?? 1;
  const written = g.maxima ? 0 : g.m * g.n;
  return { flops: 2 * batch * g.m * g.n * g.k, traffic: 4 * batch * (g.m * g.k + g.k * g.n + written) };
}
