/** Which product of an adapter's matrix units kernels use. */
import type { MatrixShape, Traits } from '../gpu/traits.js';

/** Shapes kernels are written for, best first: [m, n, k]. */
const SHAPES: readonly (readonly [number, number, number])[] = [
  [16, 16, 16],
  [16, 8, 16],
  [8, 16, 16],
  [8, 8, 8],
];

/** The best product of f16 matrices with an f32 result that the adapter offers, if any. */
export function matrixUnit(traits: Pick<Traits, 'matrixShapes' | 'subgroupSize' | 'f16'>): MatrixShape | undefined {
  if (!traits.f16 || traits.subgroupSize === 0) return undefined;
  for (const [m, n, k] of SHAPES) {
    const found = traits.matrixShapes.find(
      (s) => s.m === m && s.n === n && s.k === k && s.componentType === 'f16' && s.resultComponentType === 'f32',
    );
    if (found) return found;
  }
  return undefined;
}
