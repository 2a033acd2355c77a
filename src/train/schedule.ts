/** Learning rates by step. */

/** `base`, multiplied by `factor` for each milestone that `step` (counted in batches, from 0) has reached. */
export function multiStepRate(base: number, step: number, milestones: readonly number[], factor: number): number {
  return base * factor ** milestones.filter((m) => step >= m).length;
}

/** Steps at which the published program halves the rate of stage two. */
export const MILESTONES: readonly number[] = [16000, 32000];
