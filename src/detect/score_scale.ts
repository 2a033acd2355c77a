/** Scores and maps on a scale from 0 to 1 that means the same for every picture: 0.5 is the threshold. */

/** The values that become 0, 0.5 and 1: what good pictures reach, the threshold, and what faulty pictures reach. */
export interface ScoreScale {
  readonly good: number;
  readonly threshold: number;
  readonly faulty: number;
}

/** The largest f32 below a half: nothing below the threshold reaches 0.5, whatever is rounded. */
const BELOW_HALF = 0.5 - 2 ** -25;

/** A value on a scale: linear from `good` to `threshold` and from there to `faulty`, never outside 0 to 1. */
export function onScale(value: number, { good, threshold, faulty }: ScoreScale): number {
  const [from, to] = value < threshold ? [good, threshold] : [threshold, faulty];
  const share = to > from ? (value - from) / (to - from) : Number(value >= to);
  return value < threshold ? Math.min(BELOW_HALF, Math.max(0, share / 2)) : Math.min(1, 0.5 + share / 2);
}

/** Log-odds of a share, the same for all shares that f32 cannot tell from 0 or 1. */
export function logit(share: number): number {
  const p = Math.min(1 - 2 ** -24, Math.max(2 ** -126, share));
  return Math.log(p) - Math.log1p(-p);
}
