/** The range of scores, and how they are scaled to [0, 1] as published. */

export interface Range {
  readonly min: number;
  readonly max: number;
}

export const EMPTY: Range = { min: Number.POSITIVE_INFINITY, max: Number.NEGATIVE_INFINITY };

/** The range of some values and of others seen before. */
export function widen({ min, max }: Range, values: Float32Array): Range {
  for (let i = 0; i < values.length; i++) {
    const v = values[i]!;
    if (v < min) min = v;
    if (v > max) max = v;
  }
  return { min, max };
}

/** (v - min) / (max - min) in float32, or v where the maximum is exactly 1; 0 where all values are equal. */
export function scaling({ min, max }: Range): (v: number) => number {
  if (max === 1) return (v) => v;
  const width = Math.fround(max - min);
  if (width === 0) return () => 0;
  return (v) => Math.fround(Math.fround(v - min) / width);
}
