/** Shares in per cent, rounded as published. */

/**
 * Python's `round(x, 4) * 100` for x in [0, 1]: the double nearest to x at four decimals, ties to even. The doubles that are
 * such ties are the odd multiples of 1/32; `toFixed` is exact for all others.
 */
export function percent(x: number): number {
  if (x * 32 !== Math.floor(x * 32)) return Number(x.toFixed(4)) * 100;
  const tenThousandths = x * 10_000;
  const low = Math.floor(tenThousandths);
  const up = tenThousandths - low > 0.5 || (tenThousandths - low === 0.5 && low % 2 === 1);
  return ((up ? low + 1 : low) / 10_000) * 100;
}
