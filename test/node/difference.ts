/** How many values differ, and the largest and mean size of the difference. */
export function difference(a: ArrayLike<number>, b: ArrayLike<number>): { count: number; most: number; mean: number } {
  if (a.length !== b.length) throw new Error(`difference: expected equal lengths, got ${a.length} and ${b.length}`);
  let count = 0;
  let most = 0;
  let sum = 0;
  for (let i = 0; i < a.length; i++) {
    const d = Math.abs(a[i]! - b[i]!);
    if (d !== 0) count++;
    if (!(d <= most)) most = d; // NaN counts as the largest
    sum += d;
  }
  return { count, most, mean: sum / a.length };
}

export const EXACT = { count: 0, most: 0, mean: 0 };
