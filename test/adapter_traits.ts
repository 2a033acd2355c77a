/** Adapters this machine lacks, for rehearsals: what kernels would be asked to do there. */
import type { Traits } from '../src/gpu/traits.js';

const GPU = {
  software: false,
  subgroupSize: 32,
  f16: true,
  matrixShapes: [],
  workgroupMemory: 32768,
  barriersAreExpensive: false,
  loadsAreExpensive: false,
  loadsGather: false,
  tokensToFillDevice: 8 * 1370,
  workPerSubmit: 4e12,
} as Traits;

const withUnits = (subgroupSize: number, m: number, n: number, k: number): Traits => ({
  ...GPU,
  subgroupSize,
  matrixShapes: [{ m, n, k, componentType: 'f16', resultComponentType: 'f32' }],
});

/** GPUs by the shape of the products of their matrix units. */
export const MATRIX_GPUS: Readonly<Record<string, Traits>> = {
  '16x16x16 in subgroups of 32': withUnits(32, 16, 16, 16),
  '8x8x8 in subgroups of 32': withUnits(32, 8, 8, 8),
  '8x16x16 in subgroups of 16': withUnits(16, 8, 16, 16),
};

/** One adapter of every kind that kernels tell apart. */
export const ADAPTER_KINDS: readonly Traits[] = [
  { ...GPU, subgroupSize: 0 },
  GPU,
  ...Object.values(MATRIX_GPUS),
  { ...GPU, software: true, subgroupSize: 8, barriersAreExpensive: true, loadsAreExpensive: true },
];
